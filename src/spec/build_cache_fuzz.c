/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_cache.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written, and what was written is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_build_cache cache = { .record_count = 0 };

	if (spec_build_cache_decode(arena, (const char *)data, size, &cache, NULL) < 0)
		return 0;
	for (size_t i = 0; i < cache.mount_count; i++)
		if (cache.mounts[i].layer >= cache.layer_count)
			abort();
	spec_build_cache_encode(&cache, &first);
	if (spec_build_cache_decode(arena, first.data, first.length, &cache, NULL) < 0)
		abort();
	spec_build_cache_encode(&cache, &second);
	if (!str_equal(first.data, second.data))
		abort();
	return 0;
}
