/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_clone.h"

#include "host/xattr.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_LIMIT (PATH_MAX / 2)

static int clone_tree(int from_fd, int to_fd, unsigned depth, uint64_t *members);

/* Owner, mode, attributes and times of one directory; overlay's marks are among the attributes. */
static int clone_status(int from_fd, int to_fd)
{
	struct stat st;
	int r;

	if (fstat(from_fd, &st) < 0 || fchown(to_fd, st.st_uid, st.st_gid) < 0 || fchmod(to_fd, st.st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(from_fd, to_fd, 0);
	if (r < 0)
		return r;
	return futimens(to_fd, (const struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : 0;
}

static int clone_directory(int from_fd, int to_fd, const char *name, unsigned depth, uint64_t *members)
{
	_cleanup_close_ int inner_from = -EBADF, inner_to = -EBADF;

	if (mkdirat(to_fd, name, 0700) < 0)
		return -errno;
	inner_from = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	inner_to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return inner_from < 0 || inner_to < 0 ? -errno : clone_tree(inner_from, inner_to, depth + 1, members);
}

static int clone_entry(int from_fd, int to_fd, const char *name, unsigned depth, uint64_t *members)
{
	struct stat st;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	++*members;
	if (S_ISDIR(st.st_mode))
		return clone_directory(from_fd, to_fd, name, depth, members);
	/* Of whiteouts there may be more than a file can have names. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return mknodat(to_fd, name, S_IFCHR, 0) < 0 ? -errno : 0;
	return linkat(from_fd, name, to_fd, name, 0) < 0 ? -errno : 0;
}

static int clone_tree(int from_fd, int to_fd, unsigned depth, uint64_t *members)
{
	_cleanup_closedir_ DIR *directory = NULL;
	int own_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	struct dirent *entry;

	directory = own_fd < 0 ? NULL : fdopendir(own_fd);
	if (!directory)
		return -errno;
	if (depth > DEPTH_LIMIT)
		return -ENAMETOOLONG;
	while (r == 0 && (errno = 0, entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = clone_entry(from_fd, to_fd, entry->d_name, depth, members);
	if (r == 0 && errno)
		r = -errno;
	return r < 0 ? r : clone_status(from_fd, to_fd);
}

int build_clone(int from_fd, int to_fd, uint64_t *ret_members, struct error *err)
{
	int r;

	*ret_members = 0;
	r = clone_tree(from_fd, to_fd, 0, ret_members);
	return r < 0 ? error_errno(err, -r, "cannot make the layer once more") : 0;
}
