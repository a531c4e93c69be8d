/* SPDX-License-Identifier: Apache-2.0 */
#include "host/user_namespace.h"
#include "base/memory.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define MAP_LIMIT (16u << 10) /* bytes: IDMAP_LIMIT lines of three numbers */

static uint32_t known; /* 0: not read yet */

uint32_t user_namespace_size_of(const char *map)
{
	uint64_t end = 0;
	bool has_grown = true;

	/* The kernel sorts a map of more than five lines for itself, but shows it as it was written. */
	while (has_grown) {
		has_grown = false;
		for (const char *line = map; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
			unsigned long inside, outside, count;

			if (sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside <= end && inside + count > end) {
				end = inside + count;
				has_grown = true;
			}
		}
	}
	return end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
}

uint32_t user_namespace_run_of(const char *map, uint32_t first, uint32_t count)
{
	for (const char *line = map; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		unsigned long inside, outside, size;

		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &size) == 3 && first >= inside && first - inside < size)
			return size - (first - inside) < count ? (uint32_t)(size - (first - inside)) : count;
	}
	return count;
}

uint32_t user_namespace_run(bool is_gid, uint32_t first, uint32_t count)
{
	_cleanup_buf_ struct buf map = BUF_INIT;

	if (file_read_at(AT_FDCWD, is_gid ? "/proc/self/gid_map" : "/proc/self/uid_map", MAP_LIMIT, &map) < 0 || !map.data)
		return count;
	return user_namespace_run_of(map.data, first, count);
}

uint32_t user_namespace_root_of(const char *map)
{
	for (const char *line = map; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		unsigned long inside, outside, size;

		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &size) == 3 && inside == 0 && size > 0)
			return (uint32_t)outside;
	}
	return 0;
}

uint32_t user_namespace_root(bool is_gid)
{
	_cleanup_buf_ struct buf map = BUF_INIT;

	if (file_read_at(AT_FDCWD, is_gid ? "/proc/self/gid_map" : "/proc/self/uid_map", MAP_LIMIT, &map) < 0 || !map.data)
		return 0;
	return user_namespace_root_of(map.data);
}

static uint32_t read_size(const char *path)
{
	_cleanup_buf_ struct buf map = BUF_INIT;

	if (file_read_at(AT_FDCWD, path, MAP_LIMIT, &map) < 0 || !map.data)
		return UINT32_MAX;
	return user_namespace_size_of(map.data);
}

uint32_t user_namespace_size(void)
{
	uint32_t users, groups;

	if (known == 0) {
		users = read_size("/proc/self/uid_map");
		groups = read_size("/proc/self/gid_map");
		known = users < groups ? users : groups;
		/* Without a map nobody is anybody: there is root, as far as that goes. */
		if (known == 0)
			known = 1;
	}
	return known;
}

bool user_namespace_is_first(void)
{
	return user_namespace_size() == UINT32_MAX;
}

void user_namespace_entered(void)
{
	known = 0;
}
