/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a volume's record: what is accepted is the same when written and read again; and as what a client asks for. */
#include "base/memory.h"
#include "spec/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_create(struct arena *arena, const uint8_t *data, size_t size)
{
	struct spec_volume volume = { .name = NULL };
	struct error err = ERROR_INIT;

	if (spec_volume_create_decode(arena, (const char *)data, size, &volume, &err) < 0 && !err.message[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_volume *volume = NULL;
	struct error err = ERROR_INIT;

	check_create(arena, data, size);
	if (spec_volume_decode(arena, (const char *)data, size, &volume, &err) < 0)
		return 0;
	spec_volume_encode(volume, &first);
	if (first.length > SPEC_VOLUME_LIMIT)
		return 0;
	if (spec_volume_decode(arena, first.data, first.length, &volume, &err) < 0)
		abort();
	spec_volume_encode(volume, &second);
	if (!str_equal(first.data, second.data))
		abort();
	return 0;
}
