/* SPDX-License-Identifier: Apache-2.0 */
/* An event that is accepted comes back the same once it was written; a refusal has a message. */
#include "spec/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_event event = { .type = NULL }, again;
	struct error err = ERROR_INIT;

	if (spec_event_decode(arena, (const char *)data, size, &event, &err) < 0) {
		if (event.type || !err.message[0])
			abort();
		return 0;
	}
	spec_event_encode(&event, &first);
	/* Escapes can make it longer than it may be. */
	if (first.length > SPEC_EVENT_LIMIT)
		return 0;
	if (spec_event_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_event_encode(&again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
	return 0;
}
