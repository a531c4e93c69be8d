/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted has names that lead nowhere, and is written as something that is accepted and written the same. */
#include "spec/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_container *container = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_container_decode(arena, (const char *)data, size, &container, &err) < 0) {
		if (container || err.kind == ERROR_NONE || !err.message[0])
			abort();
		return 0;
	}
	if ((container->id && strchr(container->id, '/')) || (container->name && strchr(container->name, '/')))
		abort();
	spec_container_encode(container, &first);
	if (spec_container_decode(arena, first.data, first.length, &again, NULL) < 0)
		abort();
	spec_container_encode(again, &second);
	if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
		abort();
	return 0;
}
