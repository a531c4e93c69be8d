/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lsm.h"
#include "base/file.h"
#include "host/procfs.h"

#include <fcntl.h>

bool lsm_apparmor_is_enabled(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text) == 0 && text.length && text.data[0] == 'Y';
}

bool lsm_selinux_is_enabled(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

int lsm_set_apparmor_profile(int procfs_fd, const char *profile)
{
	_cleanup_free_ char *text = str_printf("exec %s", profile);
	/* Since 5.8 AppArmor has files of its own, which stay right when modules are stacked. */
	int r = procfs_write(procfs_fd, "thread-self/attr/apparmor/exec", text);

	return r == -ENOENT ? procfs_write(procfs_fd, "thread-self/attr/exec", text) : r;
}

int lsm_set_selinux_label(int procfs_fd, const char *label)
{
	return procfs_write(procfs_fd, "thread-self/attr/exec", label);
}
