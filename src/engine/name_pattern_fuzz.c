/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: what is within the budget compiles, or not, within the memory that libFuzzer allows. */
#include "engine/name_pattern.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	size_t budget = NAME_PATTERN_BUDGET;
	regex_t pattern;

	if (name_pattern_compile(text, &budget, &pattern) != 0)
		return 0;
	if (budget > NAME_PATTERN_BUDGET)
		abort();
	regexec(&pattern, "a-rather_long.name", 0, NULL, 0);
	regfree(&pattern);
	return 0;
}
