/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/owner_map.h"

#include "base/str.h"

#include <string.h>

static int parse_range(const char *option, const char *text, struct idmap_range *ret, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	char *rest = copy;
	uint64_t numbers[3] = { 0 };
	size_t count = 0;

	for (char *part; (part = strsep(&rest, ":")); count++)
		if (count == 3 || str_to_u64(part, 10, &numbers[count]) < 0 || numbers[count] > UINT32_MAX)
			return error_set(err, ERROR_INVALID, 0, "invalid value '%.100s' for --%s: expected INSIDE:OUTSIDE:SIZE", text, option);
	if (count != 3 || numbers[2] == 0 || numbers[0] + numbers[2] > UINT32_MAX || numbers[1] + numbers[2] > UINT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "invalid value '%.100s' for --%s: expected INSIDE:OUTSIDE:SIZE", text, option);
	*ret = (struct idmap_range){ (uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2] };
	return 0;
}

static int parse_ranges(struct arena *arena, const char *option, char *const *texts, const struct idmap_range **ret, size_t *ret_count, struct error *err)
{
	size_t count = strv_length(texts);
	struct idmap_range *ranges = arena_alloc(arena, count + 1, sizeof *ranges);
	int r = 0;

	if (count > IDMAP_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "--%s: %zu ranges are more than the %d that the kernel takes", option, count, IDMAP_LIMIT);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = parse_range(option, texts[i], &ranges[i], err);
	*ret = ranges;
	*ret_count = count;
	return r;
}

int owner_map_parse(struct arena *arena, char *const *uids, char *const *gids, const struct idmap **ret, struct error *err)
{
	struct idmap *map = arena_alloc(arena, 1, sizeof *map);
	int r = parse_ranges(arena, "uid-map", uids, &map->uids, &map->uid_count, err);

	if (r == 0)
		r = parse_ranges(arena, "gid-map", gids, &map->gids, &map->gid_count, err);
	if (r == 0)
		*ret = map->uid_count || map->gid_count ? map : NULL;
	return r;
}
