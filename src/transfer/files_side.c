/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/files_side.h"

#include "base/str.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <limits.h>

#define LINKS_LIMIT 40 /* path_resolution(7) */

int files_side_open(const struct files_side *side, const char *path, int flags, int *ret_fd)
{
	if (side->is_container)
		return beneath_open(side->root_fd, path, flags, 0, ret_fd);
	*ret_fd = open(path, flags | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

struct files_path files_path_split(struct arena *arena, const char *path)
{
	char *copy = arena_strdup(arena, path), *slash;
	size_t length = strlen(copy);
	struct files_path result = { .is_directory = length && copy[length - 1] == '/' };

	while (length > 1 && copy[length - 1] == '/')
		copy[--length] = '\0';
	slash = strrchr(copy, '/');
	result.name = slash ? slash + 1 : copy;
	result.is_content = !*result.name || str_equal(result.name, ".") || str_equal(result.name, "..");
	if (result.is_content) {
		result.directory = length ? copy : ".";
		result.name = "";
	} else if (!slash) {
		result.directory = ".";
	} else if (slash == copy) {
		result.directory = "/";
	} else {
		*slash = '\0';
		result.directory = copy;
	}
	return result;
}

/* 0: no link. 1: *RET is what it names. */
static int read_link(const struct files_side *side, const struct files_path *path, char ret[static PATH_MAX])
{
	int fd = -EBADF, r = files_side_open(side, path->directory, O_PATH | O_DIRECTORY, &fd);
	ssize_t length;

	if (r < 0)
		return r;
	length = readlinkat(fd, path->name, ret, PATH_MAX - 1);
	r = length < 0 ? -errno : 1;
	close(fd);
	if (r == 1)
		ret[length] = '\0';
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

const char *files_side_follow(const struct files_side *side, struct arena *arena, const char *path, int *ret_error)
{
	char target[PATH_MAX];

	for (int i = 0; i < LINKS_LIMIT; i++) {
		struct files_path parts = files_path_split(arena, path);
		int r = parts.is_content ? 0 : read_link(side, &parts, target);

		if (r == 0)
			return path;
		if (r < 0) {
			*ret_error = r;
			return NULL;
		}
		path = target[0] == '/' ? arena_strdup(arena, target) : arena_printf(arena, "%s/%s", parts.directory, target);
	}
	*ret_error = -ELOOP;
	return NULL;
}
