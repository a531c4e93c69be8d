/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_owner.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILE_LIMIT (8u << 20)
#define PASSWD "etc/passwd"
#define GROUP "etc/group"

/* All of a file of the tree; what is no file is empty. */
static int read_file(int root_fd, const char *path, struct buf *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r = beneath_open(root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);

	buf_add_text(ret, "");
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		r = fd_read_all(fd, FILE_LIMIT, ret);
	return r < 0 ? error_errno(err, -r, "cannot read '/%s'", path) : 0;
}

static bool read_id(const char *text, size_t length, uint32_t *ret)
{
	char copy[16];
	uint64_t value = 0;

	if (!length || length >= sizeof copy || *text < '0' || *text > '9')
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (str_to_u64(copy, 10, &value) < 0 || value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool build_owner_find_line(const char *text, const char *name, uint32_t *ret_id, uint32_t *ret_second)
{
	size_t length = strlen(name);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *id;

		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		id = line + length + 1;
		id += strcspn(id, ":\n");
		if (*id != ':' || !read_id(id + 1, strcspn(id + 1, ":\n"), ret_id))
			continue;
		id += 1 + strcspn(id + 1, ":\n");
		if (ret_second && (*id != ':' || !read_id(id + 1, strcspn(id + 1, ":\n"), ret_second)))
			*ret_second = *ret_id;
		return true;
	}
	return false;
}

int build_owner_fail(const char *text, const char *what, const char *name, const char *path, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t count = 0, lines = 1;
	const char **names, *nearest;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	names = arena_alloc(arena, lines, sizeof *names);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strcspn(line, ":\n") < strcspn(line, "\n"))
			names[count++] = arena_strndup(arena, line, strcspn(line, ":"));
	error_set(err, ERROR_NOT_FOUND, 0, "no %s '%.200s' in '/%s'", what, name, path);
	nearest = options_nearest(name, names, count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -ENOENT;
}

static int find_user(int root_fd, const char *name, struct build_owner *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (read_id(name, strlen(name), &ret->uid)) {
		ret->gid = ret->uid;
		return 0;
	}
	r = read_file(root_fd, PASSWD, &text, err);
	if (r < 0 || build_owner_find_line(text.data, name, &ret->uid, &ret->gid))
		return r;
	return build_owner_fail(text.data, "user", name, PASSWD, err);
}

static int find_group(int root_fd, const char *name, struct build_owner *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (read_id(name, strlen(name), &ret->gid))
		return 0;
	r = read_file(root_fd, GROUP, &text, err);
	if (r < 0 || build_owner_find_line(text.data, name, &ret->gid, NULL))
		return r;
	return build_owner_fail(text.data, "group", name, GROUP, err);
}

int build_owner_find(int root_fd, const char *text, struct build_owner *ret, struct error *err)
{
	const char *colon = strchr(text, ':');
	_cleanup_free_ char *user = colon ? str_printf("%.*s", (int)(colon - text), text) : str_dup(text);
	struct build_owner owner = { 0, 0 };
	int r = 0;

	if (*user)
		r = find_user(root_fd, user, &owner, err);
	if (r == 0 && colon && colon[1])
		r = find_group(root_fd, colon + 1, &owner, err);
	if (r == 0)
		*ret = owner;
	return r;
}
