/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_merge.h"

#include "base/str.h"
#include "host/user_namespace.h"
#include "host/xattr.h"
#include "store/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>

#define DEPTH_LIMIT (PATH_MAX / 2)
#define NAMES_LIMIT 65536 /* bytes of the names of one file's attributes: XATTR_LIST_MAX */

static const char *const opaque_marks[] = { "trusted.overlay.opaque", "user.overlay.opaque" };

struct merge {
	const struct build_lower *lower;
	struct buf path; /* of what is at hand */
};

static int merge_tree(struct merge *merge, int from_fd, int to_fd, unsigned depth);

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int fd)
{
	char value;

	for (size_t i = 0; i < ARRAY_SIZE(opaque_marks); i++)
		if (fgetxattr(fd, opaque_marks[i], &value, 1) == 1 && value == 'y')
			return true;
	return false;
}

/* ---- directories ----------------------------------------------------------------------- */

/* Attributes that the directory had before, but overlay's: what it hid it still hides. */
static int forget_attributes(int fd)
{
	_cleanup_free_ char *names = memory_new(NAMES_LIMIT, 1);
	ssize_t length = flistxattr(fd, names, NAMES_LIMIT);

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = names; name < names + length; name += strlen(name) + 1)
		if (!str_starts_with(name, "trusted.overlay.") && !str_starts_with(name, "user.overlay.") && !str_starts_with(name, "security.selinux") &&
		    fremovexattr(fd, name) < 0 && errno != ENODATA)
			return -errno;
	return 0;
}

static int take_status(int from_fd, int to_fd)
{
	struct stat st;
	int r = forget_attributes(to_fd);

	if (r < 0)
		return r;
	if (fstat(from_fd, &st) < 0 || fchown(to_fd, st.st_uid, st.st_gid) < 0 || fchmod(to_fd, st.st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(from_fd, to_fd, 0);
	if (r < 0)
		return r;
	return futimens(to_fd, (const struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : 0;
}

/* EXISTING: what has the name so far, or NULL. */
static int merge_directory(struct merge *merge, int from_fd, int to_fd, const char *name, const struct stat *existing, unsigned depth)
{
	_cleanup_close_ int inner_from = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), inner_to = -EBADF;
	bool stays = existing && S_ISDIR(existing->st_mode);
	int r = 0;

	if (inner_from < 0)
		return -errno;
	if (stays && is_opaque(inner_from)) {
		r = tree_remove_at(to_fd, name);
		stays = false;
	} else if (existing && !stays && unlinkat(to_fd, name, 0) < 0) {
		r = -errno;
	}
	if (r == 0 && !stays && mkdirat(to_fd, name, 0700) < 0)
		r = -errno;
	if (r < 0)
		return r;
	inner_to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner_to < 0)
		return -errno;
	/* In place of a file, or of one that is hidden: no directory below shows through. */
	if (existing && !S_ISDIR(existing->st_mode) && fsetxattr(inner_to, opaque_marks[user_namespace_is_first() ? 0 : 1], "y", 1, 0) < 0)
		return -errno;
	return merge_tree(merge, inner_from, inner_to, depth + 1);
}

/* ---- others ------------------------------------------------------------------------------ */

/* Without anything below that it hides it is of no use. */
static int merge_whiteout(struct merge *merge, int to_fd, const char *name)
{
	struct stat st;
	int r = build_lower_find(merge->lower, merge->path.data, &st);

	if (r <= 0)
		return r;
	return mknodat(to_fd, name, S_IFCHR, 0) < 0 ? -errno : 0;
}

static int merge_other(struct merge *merge, int from_fd, int to_fd, const char *name, const struct stat *st, bool exists)
{
	int r = exists ? tree_remove_at(to_fd, name) : 0;

	if (r < 0)
		return r;
	if (is_whiteout(st))
		return merge_whiteout(merge, to_fd, name);
	return linkat(from_fd, name, to_fd, name, 0) < 0 ? -errno : 0;
}

static int merge_entry(struct merge *merge, int from_fd, int to_fd, const char *name, unsigned depth)
{
	size_t length = merge->path.length;
	struct stat st, existing;
	bool exists = fstatat(to_fd, name, &existing, AT_SYMLINK_NOFOLLOW) == 0;
	int r;

	if ((!exists && errno != ENOENT) || fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	buf_printf(&merge->path, "%s%s", length ? "/" : "", name);
	if (S_ISDIR(st.st_mode))
		r = merge_directory(merge, from_fd, to_fd, name, exists ? &existing : NULL, depth);
	else
		r = merge_other(merge, from_fd, to_fd, name, &st, exists);
	if (r < 0)
		return r;
	merge->path.length = length;
	merge->path.data[length] = '\0';
	return 0;
}

static int merge_tree(struct merge *merge, int from_fd, int to_fd, unsigned depth)
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
			r = merge_entry(merge, from_fd, to_fd, entry->d_name, depth);
	if (r == 0 && errno)
		r = -errno;
	return r < 0 ? r : take_status(from_fd, to_fd);
}

int build_merge(int from_fd, int to_fd, const struct build_lower *lower, struct error *err)
{
	struct merge merge = { .lower = lower, .path = BUF_INIT };
	int r;

	buf_add_text(&merge.path, ""); /* so that there is a text */
	r = merge_tree(&merge, from_fd, to_fd, 0);
	if (r < 0)
		error_errno(err, -r, "cannot make one layer of several: '/%.300s'", merge.path.data);
	buf_done(&merge.path);
	return r;
}
