/* SPDX-License-Identifier: Apache-2.0 */
#include "host/keyring.h"
#include "base/file.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <sys/syscall.h>

#define KEY_POSSESSOR_ALL 0x3f000000u
#define KEY_USER_VIEW_SEARCH 0x00090000u

int keyring_join_session(const char *name, const char *label)
{
	long key;

	/* The label that new keys get; without SELinux there is no such file, and nothing to do. */
	if (label && *label) {
		int r = file_put_at(AT_FDCWD, "/proc/thread-self/attr/keycreate", label);

		if (r < 0 && r != -ENOENT && r != -EINVAL)
			return r;
	}
	key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (key < 0)
		return -errno;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, KEY_POSSESSOR_ALL | KEY_USER_VIEW_SEARCH) < 0)
		return -errno;
	return 0;
}
