/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tree.h"

#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* A path that the kernel takes has no more levels. */
#define DEPTH_LIMIT (PATH_MAX / 2)

static int prune(int fd, const char *path, const struct path_set *kept, unsigned depth);

/* Removes NAME, or with KEPT what of it is not in there. */
static int remove_entry(int fd, const char *name, const char *path, const struct path_set *kept, unsigned depth)
{
	_cleanup_close_ int child_fd = -EBADF;
	bool keep = kept && path_set_has(kept, path);
	int r;

	if (!keep && unlinkat(fd, name, 0) == 0)
		return 0;
	if (!keep && errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -errno;
	child_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child_fd < 0)
		return keep && (errno == ENOTDIR || errno == ELOOP) ? 0 : -errno;
	r = prune(TAKE_FD(child_fd), path, keep ? kept : NULL, depth + 1);
	if (r < 0 || keep)
		return r;
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Takes FD. */
static int prune(int fd, const char *path, const struct path_set *kept, unsigned depth)
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
		child = kept ? str_printf("%s%s%s", path, *path ? "/" : "", entry->d_name) : NULL;
		r = remove_entry(fd, entry->d_name, child, kept, depth);
		if (r < 0)
			return r;
	}
	return -errno;
}

int tree_remove_at(int directory_fd, const char *name)
{
	return remove_entry(directory_fd, name, NULL, NULL, 0);
}

int tree_prune_at(int directory_fd, const char *path, const struct path_set *kept)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : prune(fd, path, kept, 0);
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
