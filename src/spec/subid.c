/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/subid.h"
#include "base/str.h"

#include <string.h>

static bool parse_number(const char *text, uint32_t *ret)
{
	uint64_t number;

	if (str_to_u64(text, 10, &number) < 0 || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool spec_subid_is_of(const char *owner, const char *name, uint32_t id)
{
	uint32_t number;

	return str_equal(owner, name) || (parse_number(owner, &number) && number == id);
}

bool spec_subid_parse_line(char *line, const char **ret_owner, struct spec_subid *ret)
{
	char *rest = line, *owner = strsep(&rest, ":"), *first = strsep(&rest, ":"), *count = strsep(&rest, ":");

	if (!count || rest || !*owner)
		return false;
	*ret_owner = owner;
	/* The last number is no id: it stands for none (chown(2)). */
	return parse_number(first, &ret->first) && parse_number(count, &ret->count) && ret->count > 0 && ret->first < UINT32_MAX &&
	       ret->count <= UINT32_MAX - ret->first;
}

bool spec_subid_meet(const struct spec_subid *one, const struct spec_subid *other)
{
	return (uint64_t)one->first < (uint64_t)other->first + other->count && (uint64_t)other->first < (uint64_t)one->first + one->count;
}

static bool overlaps(const struct spec_subid *list, size_t count, const struct spec_subid *one)
{
	for (size_t i = 0; i < count; i++)
		if (spec_subid_meet(&list[i], one))
			return true;
	return false;
}

void spec_subid_read(struct arena *arena, const char *text, const char *name, uint32_t id, struct spec_subid **ret, size_t *ret_count)
{
	struct spec_subid *list = arena_alloc(arena, SPEC_SUBID_LIMIT, sizeof *list);
	char line[SPEC_SUBID_LINE_LIMIT];
	const char *owner;
	size_t count = 0;

	while (*text && count < SPEC_SUBID_LIMIT) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof line) {
			memcpy(line, text, length);
			line[length] = '\0';
			if (spec_subid_parse_line(line, &owner, &list[count]) && spec_subid_is_of(owner, name, id) && !overlaps(list, count, &list[count]))
				count++;
		}
		text += length + (text[length] == '\n');
	}
	*ret = list;
	*ret_count = count;
}
