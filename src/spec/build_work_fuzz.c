/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each of the documents: what is accepted is the same when written and read again. */
#include "spec/build_work.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TRY(name) do { \
	_cleanup_arena_ struct arena *arena = arena_new(); \
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT; \
	struct spec_build_##name work; \
	struct error err = ERROR_INIT; \
	\
	if (spec_build_##name##_decode(arena, (const char *)data, size, &work, &err) < 0) \
		break; \
	spec_build_##name##_encode(&work, &first); \
	if (spec_build_##name##_decode(arena, first.data, first.length, &work, &err) < 0) \
		abort(); \
	spec_build_##name##_encode(&work, &second); \
	if (!str_equal(first.data, second.data)) \
		abort(); \
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TRY(digest);
	TRY(digest_report);
	TRY(copy);
	TRY(copy_report);
	TRY(layer);
	TRY(layer_report);
	TRY(image);
	TRY(image_report);
	TRY(fetch);
	return 0;
}
