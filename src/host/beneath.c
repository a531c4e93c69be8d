/* SPDX-License-Identifier: Apache-2.0 */
#include "host/beneath.h"

#include "host/syscalls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* As many links as the kernel follows in one path (path_resolution(7)). */
#define LINK_LIMIT 40
/* A rename anywhere makes RESOLVE_IN_ROOT fail with EAGAIN while it meets "..". */
#define RETRY_LIMIT 128

int beneath_open(int root_fd, const char *path, int flags, unsigned beneath_flags, int *ret_fd)
{
	struct sys_open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (beneath_flags & BENEATH_NO_SYMLINKS)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	for (int tries = 0;; tries++) {
		int fd = sys_openat2(root_fd, *path ? path : "/", &how);

		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		if ((errno != EAGAIN && errno != EINTR) || tries == RETRY_LIMIT)
			return -errno;
	}
}

/* The walk of beneath_make_directory: what exists, and what is still to come. */
struct walk {
	int root_fd;
	mode_t mode;
	unsigned flags;
	int fd;                  /* of `done`; the root's own is root_fd */
	unsigned links;
	char done[PATH_MAX];     /* exists: "/a/b" or "" */
	char pending[PATH_MAX];
};

static void walk_close(struct walk *walk)
{
	if (walk->fd != walk->root_fd)
		close_and_forget(&walk->fd);
}

static int walk_back_to_root(struct walk *walk)
{
	walk_close(walk);
	walk->fd = walk->root_fd;
	walk->done[0] = '\0';
	return 0;
}

/* Puts the text of the link NAME in walk->fd in front of what is pending. */
static int walk_into_link(struct walk *walk, const char *name, const char *rest)
{
	char target[PATH_MAX], joined[2 * PATH_MAX + 2];
	ssize_t length = readlinkat(walk->fd, name, target, sizeof target - 1);

	if (length < 0)
		return errno == EINVAL ? -ENOTDIR : -errno;
	if ((walk->flags & BENEATH_NO_SYMLINKS) || ++walk->links > LINK_LIMIT)
		return -ELOOP;
	target[length] = '\0';
	if (snprintf(joined, sizeof joined, "%s/%s", target, rest) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(walk->pending, joined);
	return target[0] == '/' ? walk_back_to_root(walk) : 0;
}

/* Cuts the first component off *REST; NULL at the end. */
static char *next_component(char **rest)
{
	char *name = *rest + strspn(*rest, "/");
	char *end = name + strcspn(name, "/");

	if (!*name)
		return NULL;
	*rest = end + (*end == '/');
	*end = '\0';
	return name;
}

/* One component further; -EEXIST: it is a link in the way that names nothing. */
static int walk_step(struct walk *walk, const char *name)
{
	char candidate[2 * PATH_MAX];
	int fd = -EBADF, r;

	if (snprintf(candidate, sizeof candidate, "%s/%s", walk->done, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	r = beneath_open(walk->root_fd, candidate, O_PATH | O_DIRECTORY, walk->flags, &fd);
	if (r == -ENOENT) {
		if (strcmp(name, "..") == 0)
			return r;
		if (mkdirat(walk->fd, name, walk->mode) < 0)
			return -errno;
		r = beneath_open(walk->root_fd, candidate, O_PATH | O_DIRECTORY, walk->flags, &fd);
	}
	if (r < 0)
		return r;
	walk_close(walk);
	walk->fd = fd;
	strcpy(walk->done, candidate);
	return 0;
}

static int walk_all(struct walk *walk)
{
	for (unsigned races = 0;;) {
		char copy[PATH_MAX], *rest = copy, *name;
		int r;

		strcpy(copy, walk->pending);
		name = next_component(&rest);
		if (!name)
			return 0;
		r = strcmp(name, ".") == 0 ? 0 : walk_step(walk, name);
		if (r == -EEXIST) {
			/* Either a dangling link, or somebody made it in between: then once more. */
			r = walk_into_link(walk, name, rest);
			if (r == -ENOTDIR && ++races < RETRY_LIMIT)
				continue;
			if (r < 0)
				return r;
			continue;
		}
		if (r < 0)
			return r;
		memmove(walk->pending, walk->pending + (rest - copy), strlen(walk->pending + (rest - copy)) + 1);
	}
}

/* The usual case, at the price of three calls: only the last component is missing, and no link is in the way. -EEXIST: it is not. */
static int make_last(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, int *ret_fd)
{
	_cleanup_close_ int parent_fd = -EBADF;
	char parent[256];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = (size_t)(name - path);
	int fd;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || length >= sizeof parent)
		return -EEXIST;
	memcpy(parent, path, length);
	parent[length] = '\0';
	if (beneath_open(root_fd, parent, O_PATH | O_DIRECTORY, beneath_flags, &parent_fd) < 0)
		return -EEXIST;
	if (mkdirat(parent_fd, name, mode) < 0)
		return -errno;
	fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int beneath_make_directory(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, int *ret_fd)
{
	struct walk walk;
	int r = -ENOENT;

	if (!(beneath_flags & BENEATH_MISSING))
		r = beneath_open(root_fd, path, O_PATH | O_DIRECTORY, beneath_flags, ret_fd);
	if (r == -ENOENT)
		r = make_last(root_fd, path, mode, beneath_flags, ret_fd);
	if (r != -EEXIST)
		return r;
	if (strlen(path) >= sizeof walk.pending)
		return -ENAMETOOLONG;
	walk.root_fd = root_fd;
	walk.fd = root_fd;
	walk.mode = mode;
	walk.flags = beneath_flags;
	walk.links = 0;
	walk.done[0] = '\0';
	strcpy(walk.pending, path);
	r = walk_all(&walk);
	if (r < 0) {
		walk_close(&walk);
		return r;
	}
	if (walk.fd == root_fd)
		return beneath_open(root_fd, "/", O_PATH | O_DIRECTORY, 0, ret_fd);
	*ret_fd = walk.fd;
	return 0;
}

/* Opens what the name PATH is a link to, counted from its directory; makes it. */
static int make_link_target(int root_fd, const char *path, int parent_fd, const char *name, mode_t mode, unsigned links, int *ret_fd);

static int make_file(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, unsigned links, int *ret_fd)
{
	_cleanup_close_ int parent_fd = -EBADF;
	const char *name = NULL;
	int fd, r;

	r = beneath_flags & BENEATH_MISSING ? -ENOENT : beneath_open(root_fd, path, O_PATH, beneath_flags, ret_fd);
	if (r != -ENOENT)
		return r;
	beneath_flags &= ~(unsigned)BENEATH_MISSING;
	r = beneath_make_parent(root_fd, path, beneath_flags, &parent_fd, &name);
	if (r < 0)
		return r;
	fd = openat(parent_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (errno != EEXIST)
		return -errno;
	if (beneath_flags & BENEATH_NO_SYMLINKS)
		return -ELOOP;
	return make_link_target(root_fd, path, parent_fd, name, mode, links + 1, ret_fd);
}

static int make_link_target(int root_fd, const char *path, int parent_fd, const char *name, mode_t mode, unsigned links, int *ret_fd)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t length;

	if (links > LINK_LIMIT)
		return -ELOOP;
	length = readlinkat(parent_fd, name, target, sizeof target - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (target[0] == '/')
		return make_file(root_fd, target, mode, 0, links, ret_fd);
	if (snprintf(joined, sizeof joined, "%.*s%s", (int)(name - path), path, target) >= PATH_MAX)
		return -ENAMETOOLONG;
	return make_file(root_fd, joined, mode, 0, links, ret_fd);
}

int beneath_make_file(int root_fd, const char *path, mode_t mode, unsigned beneath_flags, int *ret_fd)
{
	return make_file(root_fd, path, mode, beneath_flags, 0, ret_fd);
}

int beneath_make_parent(int root_fd, const char *path, unsigned beneath_flags, int *ret_fd, const char **ret_name)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = (size_t)(name - path);
	int r;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (length >= sizeof parent)
		return -ENAMETOOLONG;
	memcpy(parent, path, length);
	parent[length] = '\0';
	r = beneath_make_directory(root_fd, parent, 0755, beneath_flags, ret_fd);
	if (r < 0)
		return r;
	*ret_name = name;
	return 0;
}
