/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lock_table.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_LIMIT 256u
#define WORD_SIZE 16

/* "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF", or "1: -> FLOCK …" below what it waits for. */
static bool parse_line(const char *line, struct lock_table_entry *ret)
{
	char kind[WORD_SIZE], mode[WORD_SIZE], access_[WORD_SIZE];
	struct lock_table_entry entry = { .pid = 0 };
	const char *rest = strchr(line, ':');
	int pid;

	if (!rest)
		return false;
	rest += strspn(rest + 1, " ") + 1;
	entry.is_waiting = str_starts_with(rest, "-> ");
	rest += entry.is_waiting ? strlen("-> ") : 0;
	if (sscanf(rest, "%15s %15s %15s %d %x:%x:%" SCNu64, kind, mode, access_, &pid, &entry.major, &entry.minor, &entry.inode) != 7)
		return false;
	entry.pid = pid;
	entry.is_whole = str_equal(kind, "FLOCK");
	entry.is_exclusive = str_equal(access_, "WRITE");
	*ret = entry;
	return true;
}

struct lock_table lock_table_parse(struct arena *arena, const char *text, size_t length)
{
	struct lock_table table = { .entries = NULL };
	const char *end = text + length;
	size_t lines = 1;

	for (const char *at = text; at < end; at++)
		lines += *at == '\n';
	table.entries = arena_alloc(arena, lines < LOCK_TABLE_LIMIT ? lines : LOCK_TABLE_LIMIT, sizeof *table.entries);
	while (text < end && table.count < LOCK_TABLE_LIMIT) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		size_t line_length = (size_t)((line_end ? line_end : end) - text);
		char line[LINE_LIMIT];

		if (line_length < sizeof line) {
			memcpy(line, text, line_length);
			line[line_length] = '\0';
			table.count += parse_line(line, &table.entries[table.count]);
		}
		text += line_length + (line_end != NULL);
	}
	return table;
}
