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
