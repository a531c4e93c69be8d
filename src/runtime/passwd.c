/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/passwd.h"

#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (1u << 20)
#define LINE_LIMIT 4096

struct search {
	uint32_t uid;
	char *name, *home;
};

/* "name:password:uid:gid:comment:home:shell"; an empty field is none. */
static void read_line(struct search *search, char *line)
{
	char *fields[7] = { 0 };
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(fields) && line; i++)
		fields[i] = strsep(&line, ":");
	if (!fields[2] || str_to_u64(fields[2], 10, &number) < 0 || number != search->uid)
		return;
	if (!search->name && *fields[0])
		search->name = str_dup(fields[0]);
	if (!search->home && !str_is_empty(fields[5]))
		search->home = str_dup(fields[5]);
}

/* Reads the whole lines of BUFFER, and returns how many of its LENGTH bytes are the beginning of another one, moved to its front. */
static size_t read_lines(struct search *search, char *buffer, size_t length, bool *skips)
{
	char *line = buffer, *end;

	while ((end = memchr(line, '\n', length))) {
		*end = '\0';
		if (!*skips)
			read_line(search, line);
		*skips = false;
		length -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(buffer, line, length);
	return length;
}

static int read_file(int fd, struct search *search)
{
	char buffer[LINE_LIMIT];
	size_t length = 0, total = 0;
	bool skips = false; /* within a line that is too long */

	while (total < FILE_LIMIT && !(search->name && search->home)) {
		ssize_t n = read(fd, buffer + length, sizeof buffer - 1 - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		total += (size_t)n;
		length = read_lines(search, buffer, length + (size_t)n, &skips);
		if (length == sizeof buffer - 1) {
			skips = true;
			length = 0;
		}
	}
	buffer[length] = '\0';
	if (length > 0 && !skips && total < FILE_LIMIT)
		read_line(search, buffer);
	return 0;
}

int passwd_find(int fd, uint32_t uid, char **ret_name, char **ret_home)
{
	struct search search = { .uid = uid };
	int r = read_file(fd, &search);

	if (r == 0 && ret_name)
		*ret_name = TAKE_PTR(search.name);
	if (r == 0 && ret_home)
		*ret_home = TAKE_PTR(search.home);
	free(search.name);
	free(search.home);
	return r;
}

int passwd_find_at(int dirfd, const char *path, uint32_t uid, char **ret_name, char **ret_home)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? passwd_find(fd, uid, ret_name, ret_home) : -ENXIO;
}
