/* SPDX-License-Identifier: Apache-2.0 */
/* Any text with variables, in all ways of reading it: what comes out is bounded, and its words are in it. */
#include "build/words.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *arena, const struct words *words, const char *text)
{
	struct error err = ERROR_INIT;
	char *result = NULL, **list = NULL;
	int r = words_expand(arena, words, text, &result, &err);

	if (r < 0 ? result || err.kind != ERROR_INVALID || !err.message[0] : strlen(result) > WORDS_OUTPUT_LIMIT)
		abort();
	if ((words_split(arena, words, text, &list, NULL) < 0) != (r < 0))
		abort();
	for (size_t i = 0; list && list[i]; i++)
		if (!list[i][0] || !strstr(result, list[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	char *environment[] = { "a=", "b=x", "PATH=/usr/local/bin:/usr/bin", "v=1.22.3-rc1", arena_printf(arena, "t=%.100s", text), NULL };

	for (unsigned i = 0; i < 32; i++) {
		struct words words = { i & 1 ? '`' : '\\', environment, i & 2, i & 4, i & 8, i & 16, NULL, NULL };

		check(arena, &words, text);
	}
	return 0;
}
