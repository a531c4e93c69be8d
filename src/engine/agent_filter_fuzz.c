/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, in two parts or as one: the same passes, and of each message nothing but the type is another. */
#include "engine/agent_filter.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct agent_filter whole = { 0 }, parts = { 0 }, again = { 0 };
	char *one, *two;
	size_t first;

	if (size == 0)
		return 0;
	first = data[0] % size;
	one = arena_alloc(arena, size, 1);
	two = arena_alloc(arena, size, 1);
	memcpy(one, data, size);
	memcpy(two, data, size);
	agent_filter_pass(&whole, one, size);
	agent_filter_pass(&parts, two, first);
	agent_filter_pass(&parts, two + first, size - first);
	if (memcmp(one, two, size) != 0)
		abort();
	/* What has passed passes. */
	agent_filter_pass(&again, two, size);
	if (memcmp(one, two, size) != 0)
		abort();
	return 0;
}
