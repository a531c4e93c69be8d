/* SPDX-License-Identifier: Apache-2.0 */
#include "host/executable_view.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <stdio.h>

int executable_view_make(int dirfd, const char *path, int *ret_fd)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int view = sys_open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (view < 0 || sys_mount_setattr(view, "", AT_EMPTY_PATH, &attr) < 0)
		return -errno;
	*ret_fd = TAKE_FD(view);
	return 0;
}

int executable_view_open(int dirfd, const char *path, int *ret_fd)
{
	_cleanup_close_ int view = -EBADF;
	int r = executable_view_make(dirfd, path, &view), fd;
	char name[32];

	if (r < 0)
		return r;
	snprintf(name, sizeof name, "/proc/self/fd/%d", view);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
