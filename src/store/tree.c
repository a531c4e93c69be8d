/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tree.h"

#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

/* A path that the kernel takes has no more levels. */
#define DEPTH_LIMIT (PATH_MAX / 2)

/* ---- removing ---------------------------------------------------------------------------- */

#define LEVELS 256             /* that are walked at once, with a descriptor for each */
#define MOVED ".bivy-moved-"   /* and a number: a directory that lay deeper */
#define MOVED_SIZE (sizeof MOVED + 10)

struct removal {
	int top_fd;                  /* all that goes is in there */
	const struct path_set *kept; /* or NULL */
	unsigned moved;              /* directories that were moved to the top */
};

static int prune(struct removal *removal, int fd, const char *path, unsigned depth);

/*
 * Strangers nest directories as deep as they like, deeper than any path, and
 * neither descriptors nor the stack may grow with that: what lies too deep is
 * moved to the top, where another round finds it.
 */
static int move_to_top(struct removal *removal, int fd, const char *name)
{
	char moved[MOVED_SIZE];
	int r;

	do {
		snprintf(moved, sizeof moved, MOVED "%u", removal->moved++);
		r = (int)syscall(SYS_renameat2, fd, name, removal->top_fd, moved, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

/* Removes NAME, but what of it is kept; PATH is what it is called there, NULL where nothing is. */
static int remove_entry(struct removal *removal, int fd, const char *name, const char *path, unsigned depth)
{
	_cleanup_close_ int child_fd = -EBADF;
	bool keep = path && path_set_has(removal->kept, path);
	int r;

	if (!keep && unlinkat(fd, name, 0) == 0)
		return 0;
	if (!keep && errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -errno;
	child_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child_fd < 0)
		return keep && (errno == ENOTDIR || errno == ELOOP) ? 0 : -errno;
	if (!keep && depth >= LEVELS)
		return unlinkat(fd, name, AT_REMOVEDIR) == 0 ? 0 : errno == ENOTEMPTY ? move_to_top(removal, fd, name) : -errno;
	r = prune(removal, TAKE_FD(child_fd), keep ? path : NULL, depth + 1);
	if (r < 0 || keep)
		return r;
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Takes FD. */
static int prune(struct removal *removal, int fd, const char *path, unsigned depth)
{
	_cleanup_closedir_ DIR *directory = fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	if (depth > DEPTH_LIMIT)
		return -ELOOP;
	while (errno = 0, (entry = readdir(directory))) {
		_cleanup_free_ char *child = NULL;
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		child = path ? str_printf("%s%s%s", path, *path ? "/" : "", entry->d_name) : NULL;
		r = remove_entry(removal, fd, entry->d_name, child, depth);
		if (r < 0)
			return r;
	}
	return -errno;
}

/* Rounds over the top until nothing was moved there: each removes all else. */
static int prune_all(struct removal *removal, const char *path)
{
	unsigned before;
	int r;

	do {
		int fd = openat(removal->top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		before = removal->moved;
		r = fd < 0 ? -errno : prune(removal, fd, path, 0);
	} while (r == 0 && removal->moved > before);
	return r;
}

int tree_remove_at(int directory_fd, const char *name)
{
	_cleanup_close_ int top_fd = -EBADF;
	struct removal removal = { .kept = NULL };
	int r;

	if (unlinkat(directory_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -errno;
	removal.top_fd = top_fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top_fd < 0)
		return -errno;
	r = prune_all(&removal, NULL);
	if (r < 0)
		return r;
	return unlinkat(directory_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int tree_prune_at(int directory_fd, const char *path, const struct path_set *kept)
{
	return prune_all(&(struct removal){ .top_fd = directory_fd, .kept = kept }, path);
}

/* ---- owners ------------------------------------------------------------------------------ */

struct owner {
	uid_t uid;
	gid_t gid;
	dev_t device;
};

static int chown_directory(int fd, const struct owner *owner, unsigned depth);

/* Whoever writes there may exchange it meanwhile: for another entry of the directory at most. */
static int chown_entry(int fd, const char *name, const struct owner *owner, unsigned depth)
{
	struct stat status;

	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (status.st_dev != owner->device)
		return 0;
	if (S_ISDIR(status.st_mode)) {
		int child_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (child_fd >= 0)
			return chown_directory(child_fd, owner, depth + 1);
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	}
	if ((status.st_uid != owner->uid || status.st_gid != owner->gid) && fchownat(fd, name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

/* Takes FD. */
static int chown_directory(int fd, const struct owner *owner, unsigned depth)
{
	_cleanup_closedir_ DIR *directory = fdopendir(fd);
	struct dirent *entry;
	struct stat status;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	if (depth > DEPTH_LIMIT)
		return -ELOOP;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_dev != owner->device)
		return 0;
	if ((status.st_uid != owner->uid || status.st_gid != owner->gid) && fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	while (errno = 0, (entry = readdir(directory))) {
		int r = 0;

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = chown_entry(fd, entry->d_name, owner, depth);
		if (r < 0)
			return r;
	}
	return -errno;
}

int tree_chown(int fd, uid_t uid, gid_t gid)
{
	struct owner owner = { .uid = uid, .gid = gid };
	struct stat status;
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (own_fd < 0)
		return -errno;
	if (fstat(own_fd, &status) < 0) {
		close(own_fd);
		return -errno;
	}
	owner.device = status.st_dev;
	return chown_directory(own_fd, &owner, 0);
}
