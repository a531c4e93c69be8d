/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mappings.h"

static const struct idmap_range *convert(struct arena *arena, const struct spec_id_mapping *mappings, size_t count)
{
	struct idmap_range *ranges = arena_alloc(arena, count ? count : 1, sizeof *ranges);

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct idmap_range){ mappings[i].container_id, mappings[i].host_id, mappings[i].size };
	return ranges;
}

struct idmap mappings_of_container(struct arena *arena, const struct spec_linux *config)
{
	return (struct idmap){
		.uids = convert(arena, config->uid_mappings, config->uid_mapping_count),
		.uid_count = config->uid_mapping_count,
		.gids = convert(arena, config->gid_mappings, config->gid_mapping_count),
		.gid_count = config->gid_mapping_count,
	};
}

struct idmap mappings_of_mount(struct arena *arena, const struct spec_mount *mount)
{
	return (struct idmap){
		.uids = convert(arena, mount->uid_mappings, mount->uid_mapping_count),
		.uid_count = mount->uid_mapping_count,
		.gids = convert(arena, mount->gid_mappings, mount->gid_mapping_count),
		.gid_count = mount->gid_mapping_count,
	};
}
