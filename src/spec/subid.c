/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/subid.h"
#include "base/str.h"

#include <string.h>

#define LINE_LIMIT 512 /* bytes */

static bool parse_number(const char *text, uint32_t *ret)
{
	uint64_t number;

	if (str_to_u64(text, 10, &number) < 0 || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* LINE is changed. */
static bool parse_line(char *line, const char *name, uint32_t id, struct spec_subid *ret)
{
	char *rest = line, *owner = strsep(&rest, ":"), *first = strsep(&rest, ":"), *count = strsep(&rest, ":");
	uint32_t number;

	if (!count || rest)
		return false;
	if (!str_equal(owner, name) && !(parse_number(owner, &number) && number == id))
		return false;
	/* The last number is no id: it stands for none (chown(2)). */
	return parse_number(first, &ret->first) && parse_number(count, &ret->count) && ret->count > 0 && ret->first < UINT32_MAX &&
	       ret->count <= UINT32_MAX - ret->first;
}

static bool overlaps(const struct spec_subid *list, size_t count, const struct spec_subid *one)
{
	for (size_t i = 0; i < count; i++)
		if ((uint64_t)list[i].first < (uint64_t)one->first + one->count && (uint64_t)one->first < (uint64_t)list[i].first + list[i].count)
			return true;
	return false;
}

void spec_subid_read(struct arena *arena, const char *text, const char *name, uint32_t id, struct spec_subid **ret, size_t *ret_count)
{
	struct spec_subid *list = arena_alloc(arena, SPEC_SUBID_LIMIT, sizeof *list);
	char line[LINE_LIMIT];
	size_t count = 0;

	while (*text && count < SPEC_SUBID_LIMIT) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof line) {
			memcpy(line, text, length);
			line[length] = '\0';
			if (parse_line(line, name, id, &list[count]) && !overlaps(list, count, &list[count]))
				count++;
		}
		text += length + (text[length] == '\n');
	}
	*ret = list;
	*ret_count = count;
}
