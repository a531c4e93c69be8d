/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written, and what was written is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_build_record record = { .key = NULL };

	if (spec_build_record_decode(arena, (const char *)data, size, &record, NULL) < 0)
		return 0;
	spec_build_record_encode(&record, &first);
	if (spec_build_record_decode(arena, first.data, first.length, &record, NULL) < 0)
		abort();
	spec_build_record_encode(&record, &second);
	if (!str_equal(first.data, second.data))
		abort();
	return 0;
}
