/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_path.h"

#include "host/beneath.h"

#include <fcntl.h>

#define LINK_LIMIT 40 /* as the kernel's: path_resolution(7) */

/* Takes the last component away. */
static void go_up(struct buf *path)
{
	while (path->length && path->data[path->length - 1] != '/')
		path->length--;
	if (path->length)
		path->length--;
	path->data[path->length] = '\0';
}

static void go_down(struct buf *path, const char *name, size_t length)
{
	if (path->length)
		buf_add_char(path, '/');
	buf_add(path, name, length);
}

static void empty(struct buf *path)
{
	path->length = 0;
	buf_add_text(path, "");
}

void build_path_clean(const char *path, struct buf *ret)
{
	empty(ret);
	for (const char *at = path + strspn(path, "/"); *at; at += strspn(at, "/")) {
		size_t length = strcspn(at, "/");

		if (length == 2 && memcmp(at, "..", 2) == 0)
			go_up(ret);
		else if (!(length == 1 && *at == '.'))
			go_down(ret, at, length);
		at += length;
	}
}

const char *build_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int read_link_of_tree(const void *context, const char *path, char target[static PATH_MAX])
{
	const int root_fd = *(const int *)context;
	_cleanup_close_ int fd = -EBADF;
	ssize_t n;
	int r = beneath_open(root_fd, path, O_PATH | O_NOFOLLOW, BENEATH_NO_SYMLINKS, &fd);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	/* A link at the end is refused by that flag only on the way: so it has become one meanwhile. */
	if (r < 0)
		return r;
	n = readlinkat(fd, "", target, PATH_MAX - 1);
	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	target[n] = '\0';
	return 1;
}

/* The rest of the way, a component at a time; what a link says is put in front of it. */
int build_path_follow_by(build_path_read_link *read_link, const void *context, const char *path, struct buf *ret)
{
	_cleanup_free_ char *rest = str_dup(path);
	char target[PATH_MAX];
	char *at = rest;
	unsigned links = 0;

	empty(ret);
	while (at += strspn(at, "/"), *at) {
		size_t length = strcspn(at, "/");
		int is_link = 0;

		if (length == 2 && memcmp(at, "..", 2) == 0) {
			go_up(ret);
		} else if (!(length == 1 && *at == '.')) {
			go_down(ret, at, length);
			if (ret->length >= PATH_MAX)
				return -ENAMETOOLONG;
			is_link = read_link(context, ret->data, target);
		}
		if (is_link < 0)
			return is_link;
		if (is_link) {
			char *more = str_printf("%s/%s", target, at + length);

			if (++links > LINK_LIMIT || strlen(more) > 2 * PATH_MAX) {
				free(more);
				return links > LINK_LIMIT ? -ELOOP : -ENAMETOOLONG;
			}
			go_up(ret);
			if (*target == '/')
				empty(ret);
			free(rest);
			at = rest = more;
		} else {
			at += length;
		}
	}
	return 0;
}

int build_path_follow(int root_fd, const char *path, struct buf *ret)
{
	return build_path_follow_by(read_link_of_tree, &root_fd, path, ret);
}
