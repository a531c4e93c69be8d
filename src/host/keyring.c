/* SPDX-License-Identifier: Apache-2.0 */
#include "host/keyring.h"
#include "host/procfs.h"

#include <linux/keyctl.h>
#include <stdint.h>
#include <sys/syscall.h>

#define KEY_POSSESSOR_ALL 0x3f000000u
#define KEY_USER_VIEW_SEARCH 0x00090000u

/* The label that new keys get; without SELinux there is no such file, and nothing to do. */
static int set_label(const char *label)
{
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_root(&procfs);

	if (r == 0)
		r = procfs_write(procfs, "thread-self/attr/keycreate", label);
	return r == -ENOENT || r == -EINVAL ? 0 : r;
}

int keyring_join_session(const char *name, const char *label)
{
	long key;

	if (label && *label) {
		int r = set_label(label);

		if (r < 0)
			return r;
	}
	key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (key < 0)
		return -errno;
	/* 0: we were in that one already. */
	if (key == 0)
		return 0;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, KEY_POSSESSOR_ALL | KEY_USER_VIEW_SEARCH) < 0)
		return -errno;
	return 0;
}
