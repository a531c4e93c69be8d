/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/learn_path.h"
#include "base/str.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_LIMIT 16

/* ---- links of procfs --------------------------------------------------------------------- */

/* What the link of procfs says, a path from the container's root; -EXDEV for what is not one. */
static int read_link(const char *link, char ret[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	ssize_t length = readlink(link, ret, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	ret[length] = '\0';
	if (ret[0] != '/')
		return -EXDEV;
	if ((size_t)length > sizeof gone && str_equal(ret + length - (sizeof gone - 1), gone))
		return -ENOENT;
	return 0;
}

static int path_of_descriptor(int fd, char ret[PATH_MAX])
{
	char link[64];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return read_link(link, ret);
}

/* "/proc/self/fd/7" and its like are the process's own, which nobody else finds by that name. */
static bool is_descriptor(const char *path, int *ret)
{
	static const char *const prefixes[] = { "/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/" };
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts_with(path, prefixes[i]) && str_to_u64(path + strlen(prefixes[i]), 10, &number) == 0 && number < INT_MAX) {
			*ret = (int)number;
			return true;
		}
	return false;
}

void learn_path_generalise(char *path)
{
	static const char *const tops[] = { "/proc", "/dev/pts" };

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		size_t length = strlen(tops[i]);

		if (strncmp(path, tops[i], length) == 0 && path[length] == '/')
			path[length] = '\0';
	}
}

/* ---- one step ------------------------------------------------------------------------------ */

/* A path on its way, from the root BASE. */
struct walk {
	char path[PATH_MAX];
	int base;
};

static int set_path(struct walk *walk, int base, const char *directory, const char *rest)
{
	int length = snprintf(walk->path, sizeof walk->path, "%s%s%s", directory, *directory && directory[strlen(directory) - 1] != '/' && *rest != '/' ? "/" : "", rest);

	walk->base = base;
	return length < 0 || (size_t)length >= sizeof walk->path ? -ENAMETOOLONG : 0;
}

/* The directory part, opened, and the name, which is in .path; "" if the path ends in none. */
static int open_directory(struct walk *walk, int *ret_fd, const char **ret_name)
{
	char directory[PATH_MAX];
	size_t end = strlen(walk->path);
	const char *name;

	while (end > 1 && walk->path[end - 1] == '/')
		walk->path[--end] = '\0';
	name = strrchr(walk->path, '/') + 1;
	if (str_equal(name, ".") || str_equal(name, ".."))
		name = walk->path + end;
	snprintf(directory, sizeof directory, "%.*s", (int)(name - walk->path), walk->path);
	*ret_name = name;
	return beneath_open(walk->base, directory, O_PATH | O_DIRECTORY, 0, ret_fd);
}

static int finish(int fd, const char *name, struct learn_path *ret)
{
	struct stat status;
	int length, r = path_of_descriptor(fd, ret->directory);

	if (r < 0)
		return r;
	length = snprintf(ret->path, sizeof ret->path, "%s%s%s", ret->directory, *name && !str_equal(ret->directory, "/") ? "/" : "", name);
	if (length < 0 || (size_t)length >= sizeof ret->path)
		return -ENAMETOOLONG;
	ret->exists = fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) == 0;
	ret->is_directory = ret->exists && S_ISDIR(status.st_mode);
	learn_path_generalise(ret->path);
	learn_path_generalise(ret->directory);
	return 0;
}

/* 1 if the name is a link, and .path where that leads. */
static int follow_link(struct walk *walk, int root_fd, int process_root, int fd, const char *name)
{
	char target[PATH_MAX], directory[PATH_MAX];
	ssize_t length = *name ? readlinkat(fd, name, target, sizeof target - 1) : -1;
	int r;

	if (length < 0)
		return 0;
	target[length] = '\0';
	if (target[0] == '/') {
		r = set_path(walk, process_root, "", target);
		return r < 0 ? r : 1;
	}
	r = path_of_descriptor(fd, directory);
	if (r == 0)
		r = set_path(walk, root_fd, directory, target);
	return r < 0 ? r : 1;
}

/* ---- the whole -------------------------------------------------------------------------------- */

static int of_descriptor(pid_t pid, int number, struct learn_path *ret)
{
	char link[64];
	struct stat status;
	int r;

	snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, number);
	r = read_link(link, ret->path);
	if (r < 0)
		return r;
	ret->exists = true;
	ret->is_directory = stat(link, &status) == 0 && S_ISDIR(status.st_mode);
	learn_path_generalise(ret->path);
	snprintf(ret->directory, sizeof ret->directory, "%.*s", (int)(strrchr(ret->path, '/') - ret->path), ret->path);
	if (!ret->directory[0])
		snprintf(ret->directory, sizeof ret->directory, "/");
	return 0;
}

/* Of procfs, which answers "self" only to those inside, nothing else is told. */
static bool is_of_procfs(const char *path, struct learn_path *ret)
{
	if (!str_starts_with(path, "/proc/"))
		return false;
	snprintf(ret->path, sizeof ret->path, "/proc");
	snprintf(ret->directory, sizeof ret->directory, "/proc");
	ret->exists = true;
	ret->is_directory = false;
	return true;
}

static int begin(struct walk *walk, int root_fd, int process_root, pid_t pid, int dirfd, const char *path)
{
	char link[64], directory[PATH_MAX];
	int r;

	if (path[0] == '/')
		return set_path(walk, process_root, "", path);
	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	else
		snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, dirfd);
	r = read_link(link, directory);
	return r < 0 ? r : set_path(walk, root_fd, directory, path);
}

int learn_path_find(int root_fd, pid_t pid, int dirfd, const char *path, bool follow, struct learn_path *ret)
{
	_cleanup_close_ int process_root = -EBADF;
	struct walk walk;
	char link[64];
	int number, r;

	snprintf(link, sizeof link, "/proc/%d/root", (int)pid);
	process_root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process_root < 0)
		return -errno;
	r = begin(&walk, root_fd, process_root, pid, dirfd, path);
	for (int i = 0; r == 0 && i < LINK_LIMIT; i++) {
		_cleanup_close_ int fd = -EBADF;
		const char *name;

		if (is_descriptor(walk.path, &number))
			return of_descriptor(pid, number, ret);
		if (is_of_procfs(walk.path, ret))
			return 0;
		r = open_directory(&walk, &fd, &name);
		if (r < 0)
			return r;
		r = follow ? follow_link(&walk, root_fd, process_root, fd, name) : 0;
		if (r == 0)
			return finish(fd, name, ret);
		r = r > 0 ? 0 : r;
	}
	return r < 0 ? r : -ELOOP;
}
