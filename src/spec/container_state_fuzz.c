/* SPDX-License-Identifier: Apache-2.0 */
/* A state that is accepted comes back the same once it was written; a refusal has a message. */
#include "spec/container_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_container_state *state = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_container_state_decode(arena, (const char *)data, size, &state, &err) < 0) {
		if (state || !err.message[0])
			abort();
		return 0;
	}
	spec_container_state_encode(state, &first);
	if (spec_container_state_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_container_state_encode(again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
	return 0;
}
