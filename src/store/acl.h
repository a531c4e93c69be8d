/* SPDX-License-Identifier: Apache-2.0 */
/* Access control lists as archives have them, and as the kernel does (acl(5); linux/posix_acl_xattr.h). */
#ifndef BIVY_STORE_ACL_H
#define BIVY_STORE_ACL_H

#include "base/cleanup.h"
#include "base/str.h"

#define ACL_ACCESS_XATTR "system.posix_acl_access"
#define ACL_DEFAULT_XATTR "system.posix_acl_default"

/*
 * Adds to *OUT the value of the attribute for the entries in TEXT:
 * "user::rw-,user:lisa:r--:1000,…", parted by commas or line breaks, in the
 * long form or the short one, in any order. An id behind the permissions counts
 * more than the name, and a name may be a number. -EINVAL if it is no such
 * list, -ENOENT if a name has no id: only the image could know what it means.
 */
int acl_from_text(const char *text, struct buf *out) _must_check_;

#endif
