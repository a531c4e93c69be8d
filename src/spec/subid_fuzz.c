/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as /etc/subuid: what is found are ranges of ids that do not overlap. */
#include "spec/subid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_subid *list = NULL;
	size_t count = 0;

	spec_subid_read(arena, arena_strndup(arena, (const char *)data, size), "a", 7, &list, &count);
	if (count > SPEC_SUBID_LIMIT)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (list[i].count == 0 || list[i].count > UINT32_MAX - list[i].first)
			abort();
		for (size_t n = 0; n < i; n++)
			if (list[n].first < (uint64_t)list[i].first + list[i].count && list[i].first < (uint64_t)list[n].first + list[n].count)
				abort();
	}
	return 0;
}
