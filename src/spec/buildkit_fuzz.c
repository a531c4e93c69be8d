/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each of the messages that clients send. */
#include "spec/buildkit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct spec_buildkit_solve *solve)
{
	const struct spec_buildkit_entries *lists[] = { &solve->outputs, &solve->cache_exports, &solve->cache_imports };

	if (!solve->ref || !solve->session || !solve->frontend)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (lists[i]->count > SPEC_BUILDKIT_ENTRY_LIMIT)
			abort();
		for (size_t n = 0; n < lists[i]->count; n++)
			if (!lists[i]->list[n].type || (spec_buildkit_value(lists[i]->list[n].attributes, lists[i]->list[n].attribute_count, "name") &&
				!lists[i]->list[n].attribute_count))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_buildkit_solve solve;
	struct spec_buildkit_prune prune;
	char *ref;

	if (spec_buildkit_solve_decode(arena, data, size, &solve) == 0)
		check(&solve);
	if (spec_buildkit_bridge_solve_decode(arena, data, size, &solve) == 0)
		check(&solve);
	if (spec_buildkit_ref_decode(arena, data, size, &ref) == 0 && !ref)
		abort();
	if (spec_buildkit_prune_decode(arena, data, size, &prune) == 0 && prune.filter_count && prune.filters[prune.filter_count])
		abort();
	return 0;
}
