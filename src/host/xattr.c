/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xattr.h"

#include "base/str.h"

#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#define ACCESS_ACL "system.posix_acl_access"

/* What has attributes: an open file, or an entry of a directory. */
struct node {
	int fd;           /* or -EBADF */
	int dir_fd;
	const char *name;
};

/* Enters the directory of an entry; there is no lgetxattrat(2) before Linux 6.13. */
static bool is_file(const struct node *node, bool *ret_failed)
{
	*ret_failed = node->fd < 0 && fchdir(node->dir_fd) < 0;
	return node->fd >= 0;
}

static ssize_t list(const struct node *node, char *names, size_t size)
{
	bool failed;
	ssize_t n = is_file(node, &failed) ? flistxattr(node->fd, names, size) : failed ? -1 : llistxattr(node->name, names, size);

	return n < 0 ? -errno : n;
}

static ssize_t get(const struct node *node, const char *attribute, void *value, size_t size)
{
	bool failed;
	ssize_t n = is_file(node, &failed) ? fgetxattr(node->fd, attribute, value, size) : failed ? -1 : lgetxattr(node->name, attribute, value, size);

	return n < 0 ? -errno : n;
}

static int set(const struct node *node, const char *attribute, const void *value, size_t size)
{
	bool failed;
	int r = is_file(node, &failed) ? fsetxattr(node->fd, attribute, value, size, 0) : failed ? -1 : lsetxattr(node->name, attribute, value, size, 0);

	return r < 0 ? -errno : 0;
}

static bool must_be_kept(const char *attribute)
{
	return str_equal(attribute, ACCESS_ACL) || str_equal(attribute, "system.posix_acl_default") || str_equal(attribute, "security.capability");
}

static int copy_one(const struct node *from, const struct node *to, const char *attribute, char *value)
{
	ssize_t size = get(from, attribute, value, XATTR_SIZE_MAX);
	int r;

	/* Removed since it was listed; a capability for an owner who has no id in our user namespace, where it counts for nothing. */
	if (size == -ENODATA || size == -EOVERFLOW)
		return 0;
	r = size < 0 ? (int)size : set(to, attribute, value, (size_t)size);
	return (r == -EOPNOTSUPP || r == -EPERM) && !must_be_kept(attribute) ? 0 : r;
}

static int copy(const struct node *from, const struct node *to, unsigned flags)
{
	_cleanup_free_ char *names = NULL, *value = NULL;
	ssize_t length = list(from, NULL, 0);
	int r = 0;

	if (length <= 0)
		return length == -EOPNOTSUPP ? 0 : (int)length;
	names = malloc(XATTR_LIST_MAX);
	value = malloc(XATTR_SIZE_MAX);
	if (!names || !value)
		return -ENOMEM;
	length = list(from, names, XATTR_LIST_MAX);
	for (ssize_t at = 0; r == 0 && at < length; at += (ssize_t)strlen(names + at) + 1)
		if (!str_equal(names + at, "security.evm") && !((flags & XATTR_NO_ACCESS_ACL) && str_equal(names + at, ACCESS_ACL)))
			r = copy_one(from, to, names + at, value);
	return length < 0 ? (int)length : r;
}

int xattr_copy(int from_fd, int to_fd, unsigned flags)
{
	return copy(&(struct node){ .fd = from_fd }, &(struct node){ .fd = to_fd }, flags);
}

int xattr_copy_at(int from_dir, int to_dir, const char *name)
{
	return copy(&(struct node){ -EBADF, from_dir, name }, &(struct node){ -EBADF, to_dir, name }, 0);
}
