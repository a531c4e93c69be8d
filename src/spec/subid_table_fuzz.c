/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: ranges lie where ids can, and what is found free meets none of them. */
#include "spec/subid_table.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_subid_table ids = spec_subid_table_parse(arena, (const char *)data, size), none = { .entries = NULL };
	const struct spec_subid_owner owner = { .name = "u", .uid = 1000 };
	const struct spec_subid_entry *other = NULL, *own = spec_subid_table_shared(&ids, &owner, &other);
	uint32_t first;

	for (size_t i = 0; i < ids.count; i++)
		if (str_is_empty(ids.entries[i].owner) || !ids.entries[i].ids.count || (uint64_t)ids.entries[i].ids.first + ids.entries[i].ids.count > UINT32_MAX)
			abort();
	if (own && (!spec_subid_is_of(own->owner, owner.name, owner.uid) || spec_subid_is_of(other->owner, owner.name, owner.uid)))
		abort();
	if (own && spec_subid_table_count(&ids, &owner) < own->ids.count)
		abort();
	first = spec_subid_table_free(&ids, &none, 100000, 0x20000000, 65536);
	for (size_t i = 0; first && i < ids.count; i++)
		if (spec_subid_meet(&(struct spec_subid){ first, 65536 }, &ids.entries[i].ids))
			abort();
	return 0;
}
