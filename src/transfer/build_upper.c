/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_upper.h"

#include "base/str.h"
#include "host/beneath.h"
#include "transfer/build_path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>

#define DEPTH_LIMIT (PATH_MAX / 2)

/* ---- mountpoints --------------------------------------------------------------------- */

/* Takes the last component away; "" at the end. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

/* The directory that PATH lies in. */
static int open_parent(int upper_fd, const char *path, int *ret_fd)
{
	_cleanup_free_ char *above = str_dup(path);

	go_up(above);
	return beneath_open(upper_fd, above, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret_fd);
}

/* A directory that is as it is in the layers below. */
static bool is_unchanged(const struct stat *below, const struct stat *st)
{
	return S_ISDIR(st->st_mode) && below->st_mode == st->st_mode && below->st_uid == st->st_uid && below->st_gid == st->st_gid;
}

/* The directories around a name that was removed, made for it or touched only by that. What has something in it stays, and what is around it. */
static int remove_parents(int upper_fd, char *path, const struct build_lower *lower)
{
	for (go_up(path); *path; go_up(path)) {
		_cleanup_close_ int fd = -EBADF;
		struct stat st, below;
		int r = open_parent(upper_fd, path, &fd);

		if (r < 0 || fstatat(fd, build_path_base(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
			return r < 0 ? r : -errno;
		r = build_lower_find(lower, path, &below);
		if (r < 0)
			return r;
		if ((r > 0 && !is_unchanged(&below, &st)) || unlinkat(fd, build_path_base(path), AT_REMOVEDIR) < 0)
			break;
	}
	return 0;
}

static int prune_one(int upper_fd, const char *mountpoint, const struct build_lower *lower)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct stat st, below;
	int r;

	/* Mounts follow links; one that leads nowhere, or in a circle, has none. */
	r = build_lower_follow(lower, upper_fd, mountpoint, &path);
	if (r < 0 || !path.length)
		return r == -ELOOP || r == -ENAMETOOLONG ? 0 : r;
	r = open_parent(upper_fd, path.data, &fd);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0;
	if (r == 0 && fstatat(fd, build_path_base(path.data), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? remove_parents(upper_fd, path.data, lower) : -errno;
	if (r < 0 || !(S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0)))
		return r;
	r = build_lower_find(lower, path.data, &below);
	if (r < 0 || (r > 0 && !is_unchanged(&below, &st)))
		return r < 0 ? r : 0;
	if (unlinkat(fd, build_path_base(path.data), S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		return errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
	return remove_parents(upper_fd, path.data, lower);
}

int build_upper_prune(int upper_fd, char *const *mountpoints, const struct build_lower *lower, struct error *err)
{
	for (; mountpoints && *mountpoints; mountpoints++) {
		int r = prune_one(upper_fd, *mountpoints, lower);

		if (r < 0)
			return error_errno(err, -r, "cannot remove the mountpoint '%.400s'", *mountpoints);
	}
	return 0;
}

/* ---- the whole tree ----------------------------------------------------------------------- */

/* Called for what is in the tree: the entry NAME of the directory FD, which is called PATH; directories after what is in them. */
struct visit {
	bool directories_only;
	int (*each)(void *context, int fd, const char *name, const char *path);
	void *context;
};

static int visit_tree(const struct visit *visit, int fd, struct buf *path, unsigned depth);

static int visit_entry(const struct visit *visit, int fd, const struct dirent *entry, struct buf *path, unsigned depth)
{
	bool is_directory = entry->d_type == DT_DIR;
	struct stat st;
	int r = 0;

	if (entry->d_type == DT_UNKNOWN) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		is_directory = S_ISDIR(st.st_mode);
	}
	if (is_directory) {
		_cleanup_close_ int inner_fd = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		r = inner_fd < 0 ? -errno : visit_tree(visit, inner_fd, path, depth + 1);
	}
	return r < 0 || (visit->directories_only && !is_directory) ? r : visit->each(visit->context, fd, entry->d_name, path->data);
}

static int visit_tree(const struct visit *visit, int fd, struct buf *path, unsigned depth)
{
	_cleanup_closedir_ DIR *directory = NULL;
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	size_t length = path->length;
	struct dirent *entry;

	directory = own_fd < 0 ? NULL : fdopendir(own_fd);
	if (!directory)
		return -errno;
	if (depth > DEPTH_LIMIT)
		return -ENAMETOOLONG;
	while (r == 0 && (errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path->length = length;
		buf_printf(path, "%s%s", length ? "/" : "", entry->d_name);
		r = visit_entry(visit, fd, entry, path, depth);
	}
	if (r == 0 && errno)
		r = -errno;
	/* After a failure the path says where. */
	if (r == 0) {
		path->length = length;
		path->data[length] = '\0';
	}
	return r;
}

static int visit_all(const struct visit *visit, int fd, const char *what, struct error *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	buf_add_text(&path, "");
	r = visit_tree(visit, fd, &path, 0);
	return r < 0 ? error_errno(err, -r, "cannot %s '/%.400s'", what, path.data) : 0;
}

static int unmark(void *context, int fd, const char *name, const char *path)
{
	static const char *const marks[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	_cleanup_close_ int own_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat below;
	char value;
	int r;

	if (own_fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (fgetxattr(own_fd, marks[i], &value, 1) != 1)
			continue;
		r = build_lower_find(context, path, &below);
		if (r < 0)
			return r;
		if ((r == 0 || !S_ISDIR(below.st_mode)) && fremovexattr(own_fd, marks[i]) < 0)
			return -errno;
	}
	return 0;
}

int build_upper_unmark(int upper_fd, const struct build_lower *lower, struct error *err)
{
	const struct visit visit = { .directories_only = true, .each = unmark, .context = (void *)lower };

	return visit_all(&visit, upper_fd, "look at", err);
}

static int clamp(void *context, int fd, const char *name, const char *path _unused_)
{
	const int64_t *epoch = context;
	const struct timespec times[2] = { { .tv_sec = *epoch }, { .tv_sec = *epoch } };
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* A whiteout has no time in a layer. */
	if (st.st_mtim.tv_sec < *epoch || (S_ISCHR(st.st_mode) && st.st_rdev == 0))
		return 0;
	return utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int build_upper_clamp(int upper_fd, int64_t epoch, struct error *err)
{
	const struct visit visit = { .each = clamp, .context = &epoch };

	return visit_all(&visit, upper_fd, "set the time of", err);
}
