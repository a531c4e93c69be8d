/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/subid_table.h"

#include "base/str.h"
#include "spec/value_list.h"

/* The line of LENGTH bytes at TEXT. */
static bool parse_line(struct arena *arena, const char *text, size_t length, struct spec_subid_entry *ret)
{
	char line[SPEC_SUBID_LINE_LIMIT];
	const char *owner;

	if (length >= sizeof line || memchr(text, '\0', length))
		return false;
	memcpy(line, text, length);
	line[length] = '\0';
	if (!spec_subid_parse_line(line, &owner, &ret->ids))
		return false;
	ret->owner = arena_strdup(arena, owner);
	return true;
}

struct spec_subid_table spec_subid_table_parse(struct arena *arena, const char *text, size_t length)
{
	struct spec_subid_table table = { .entries = NULL };
	const char *end = text + length;

	for (size_t number = 1; text < end && number <= SPEC_SUBID_TABLE_LIMIT; number++) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		line_end = line_end ? line_end : end;
		table.entries = value_list_grow(arena, table.entries, table.count, sizeof *table.entries);
		if (line_end > text && *text != '#') {
			if (parse_line(arena, text, (size_t)(line_end - text), &table.entries[table.count]))
				table.count++;
			else if (!table.wrong_line)
				table.wrong_line = number;
		}
		text = line_end < end ? line_end + 1 : end;
	}
	return table;
}

static bool is_of(const struct spec_subid_entry *entry, const struct spec_subid_owner *owner)
{
	return spec_subid_is_of(entry->owner, owner->name, owner->uid);
}

uint64_t spec_subid_table_count(const struct spec_subid_table *table, const struct spec_subid_owner *owner)
{
	uint64_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (is_of(&table->entries[i], owner))
			count += table->entries[i].ids.count;
	return count;
}

/* An entry that has ids of IDS and is not OWNER's (NULL: whoever's), or NULL. */
static const struct spec_subid_entry *find_meeting(const struct spec_subid_table *table, const struct spec_subid *ids, const struct spec_subid_owner *owner)
{
	for (size_t i = 0; i < table->count; i++)
		if (spec_subid_meet(&table->entries[i].ids, ids) && !(owner && is_of(&table->entries[i], owner)))
			return &table->entries[i];
	return NULL;
}

const struct spec_subid_entry *spec_subid_table_shared(const struct spec_subid_table *table, const struct spec_subid_owner *owner,
	const struct spec_subid_entry **ret_other)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct spec_subid_entry *other = is_of(&table->entries[i], owner) ? find_meeting(table, &table->entries[i].ids, owner) : NULL;

		if (!other)
			continue;
		*ret_other = other;
		return &table->entries[i];
	}
	return NULL;
}

uint32_t spec_subid_table_free(const struct spec_subid_table *uids, const struct spec_subid_table *gids, uint32_t from, uint32_t end, uint32_t count)
{
	uint64_t first = from;

	while (first + count <= end) {
		const struct spec_subid ids = { .first = (uint32_t)first, .count = count };
		const struct spec_subid_entry *taken = find_meeting(uids, &ids, NULL);

		taken = taken ? taken : find_meeting(gids, &ids, NULL);
		if (!taken)
			return ids.first;
		/* Behind it, at the next multiple. */
		first = from + ((uint64_t)taken->ids.first + taken->ids.count - from + count - 1) / count * count;
	}
	return 0;
}
