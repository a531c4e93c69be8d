/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a header: refused with a word, or a list within its bounds whose values have no line break to smuggle. */
#include "registry/challenge.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const char *value)
{
	for (; value && *value; value++)
		if (*value == '\n' || *value == '\r')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct challenge *list = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	if (challenge_parse(arena, (const char *)data, size, &list, &count, &err) < 0) {
		if (list || err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return 0;
	}
	if (count > CHALLENGE_LIMIT)
		abort();
	for (size_t i = 0; i < count; i++) {
		check_value(list[i].realm);
		check_value(list[i].service);
		check_value(list[i].scope);
		check_value(list[i].error);
	}
	return 0;
}
