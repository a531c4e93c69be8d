/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is accepted comes back the same once it was written; a refusal has a message. */
#include "spec/network_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_network_plan *document = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_network_plan_decode(arena, (const char *)data, size, &document, &err) < 0) {
		if (document || !err.message[0])
			abort();
		return 0;
	}
	spec_network_plan_encode(document, &first);
	if (first.length > SPEC_NETWORK_PLAN_LIMIT)
		return 0; /* control characters take more room when they are written */
	if (spec_network_plan_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_network_plan_encode(again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
	return 0;
}
