/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying extended attributes: ACLs, file capabilities, labels and whatever
 * else is listed (xattr(7)).
 *
 * ACLs and capabilities decide who may do what: if they cannot be kept, that
 * is -EOPNOTSUPP or -EPERM. Others are left out where the target's file system
 * or the caller's rights do not allow them; security.evm, a signature of the
 * very inode, always is.
 */
#ifndef BIVY_HOST_XATTR_H
#define BIVY_HOST_XATTR_H

#include "base/cleanup.h"

enum xattr_flag {
	XATTR_NO_ACCESS_ACL = 1 << 0, /* which would change the mode of the target, too */
};

/* From FROM_FD to TO_FD, which are open for reading (O_PATH will not do). 0 or -errno. */
int xattr_copy(int from_fd, int to_fd, unsigned flags) _must_check_;

/*
 * From the entry NAME of directory FROM_DIR to that of TO_DIR, without following
 * links: for what cannot be opened. Changes the working directory. 0 or -errno.
 */
int xattr_copy_at(int from_dir, int to_dir, const char *name) _must_check_;

#endif
