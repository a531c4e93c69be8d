/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: no more entries than lines. */
#include "host/lock_table.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lock_table table = lock_table_parse(arena, (const char *)data, size);
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (table.count > lines)
		abort();
	return 0;
}
