/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/mounts.h"

#include "base/file.h"
#include "primitive/subject.h"

#include <fcntl.h>

#define TABLE_LIMIT (16u << 20)

int mounts_read(struct arena *arena, const struct directories *directories, const char *subject, struct mount_tree *ret, struct error *err)
{
	_cleanup_subject_ struct subject process = SUBJECT_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct mountinfo parsed, *table = arena_alloc(arena, 1, sizeof *table);
	const char *path = "/proc/self/mountinfo";
	int r = subject ? subject_open(arena, directories, subject, &process, err) : 0;

	if (r < 0)
		return r;
	if (subject)
		path = arena_printf(arena, "/proc/%d/mountinfo", (int)process.pid);
	r = file_read_at(AT_FDCWD, path, TABLE_LIMIT, &text);
	if (subject && !subject_lives(&process))
		return error_set(err, ERROR_CONFLICT, 0, "process %d has ended", (int)process.pid);
	if (r == 0)
		r = mountinfo_parse(text.data ? text.data : "", &parsed);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	/* What the entries point into is to live as long as the tree. */
	*table = parsed;
	table->entries = arena_alloc(arena, parsed.count + 1, sizeof *table->entries);
	memcpy(table->entries, parsed.entries, parsed.count * sizeof *table->entries);
	for (size_t i = 0; i < parsed.count; i++) {
		struct mountinfo_entry *entry = &table->entries[i];

		entry->root = arena_strdup(arena, entry->root);
		entry->mount_point = arena_strdup(arena, entry->mount_point);
		entry->options = arena_strdup(arena, entry->options);
		entry->type = arena_strdup(arena, entry->type);
		entry->source = arena_strdup(arena, entry->source);
		entry->super_options = arena_strdup(arena, entry->super_options);
	}
	table->text = NULL;
	mountinfo_done(&parsed);
	mount_tree_build(arena, table, ret);
	return 0;
}
