/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mountinfo.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/procfs.h"

#include <fcntl.h>
#include <string.h>

#define TABLE_LIMIT (16u << 20)

/* "\040" is a space: the kernel escapes space, tab, newline, backslash and '#'. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; out++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*out = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*out = *p++;
		}
	}
	*out = '\0';
}

/* "shared:1", "master:1", "propagate_from:1", "unbindable"; others may come. False: a number that is none. */
static bool parse_tag(const char *word, struct mountinfo_entry *ret)
{
	const struct {
		const char *tag;
		uint64_t *number;
	} tags[] = { { "shared:", &ret->shared }, { "master:", &ret->master }, { "propagate_from:", &ret->propagate_from } };

	ret->is_unbindable |= strcmp(word, "unbindable") == 0;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (str_starts_with(word, tags[i].tag))
			return str_to_u64(word + strlen(tags[i].tag), 10, tags[i].number) == 0;
	return true;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
static int parse_line(char *line, struct mountinfo_entry *ret)
{
	char *fields[6], *save = NULL, *word = strtok_r(line, " ", &save);
	bool is_wrong = false;
	size_t n = 0;

	for (; word && n < ARRAY_SIZE(fields); word = strtok_r(NULL, " ", &save))
		fields[n++] = word;
	*ret = (struct mountinfo_entry){ 0 };
	for (; word && strcmp(word, "-") != 0; word = strtok_r(NULL, " ", &save))
		is_wrong |= !parse_tag(word, ret);
	if (n < ARRAY_SIZE(fields) || !word || is_wrong || str_to_u64(fields[0], 10, &ret->id) < 0 || str_to_u64(fields[1], 10, &ret->parent) < 0)
		return -EINVAL;
	ret->root = fields[3];
	ret->mount_point = fields[4];
	ret->options = fields[5];
	ret->type = strtok_r(NULL, " ", &save);
	ret->source = strtok_r(NULL, " ", &save);
	ret->super_options = strtok_r(NULL, " ", &save);
	if (!ret->type)
		return -EINVAL;
	/* An empty source leaves two spaces, which strtok_r takes for one. */
	if (!ret->source)
		ret->source = ret->type + strlen(ret->type);
	if (!ret->super_options)
		ret->super_options = ret->source + strlen(ret->source);
	unescape(ret->root);
	unescape(ret->mount_point);
	unescape(ret->source);
	return 0;
}

int mountinfo_parse(const char *text, struct mountinfo *ret)
{
	_cleanup_mountinfo_ struct mountinfo table = { .text = str_dup(text) };
	size_t capacity = 0;
	char *save = NULL;

	for (char *line = strtok_r(table.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int r;

		/* There may be a hundred thousand: each room is twice the last. */
		if (table.count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			table.entries = memory_resize(table.entries, capacity, sizeof *table.entries);
		}
		r = parse_line(line, &table.entries[table.count]);
		if (r < 0)
			return r;
		table.count++;
	}
	*ret = table;
	table = (struct mountinfo){ 0 };
	return 0;
}

int mountinfo_load(int procfs_fd, struct mountinfo *ret)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = procfs_open(procfs_fd, "self/mountinfo", O_RDONLY, &fd);

	if (r == 0)
		r = fd_read_all(fd, TABLE_LIMIT, &text);
	if (r < 0)
		return r;
	return mountinfo_parse(text.data ? text.data : "", ret);
}

void mountinfo_done(struct mountinfo *table)
{
	free(table->entries);
	free(table->text);
	*table = (struct mountinfo){ 0 };
}
