/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each kind of answer. What becomes a header or is printed has no control character in it. */
#include "registry/answer.h"

#include "base/str.h"

static void try_found(struct arena *arena, const char *text, size_t size)
{
	struct answer_found *list = NULL;
	size_t count = 0;

	if (answer_decode_search(arena, text, size, &list, &count, NULL) == 0)
		for (size_t i = 0; i < count; i++)
			if (!*list[i].name || !list[i].description)
				abort();
	if (answer_decode_catalog(arena, text, size, "a", &list, &count, NULL) == 0)
		for (size_t i = 0; i < count; i++)
			if (!strcasestr(list[i].name, "a"))
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_token(struct arena *arena, const char *text, size_t size)
{
	struct answer_token token = { 0 };

	if (answer_decode_token(arena, text, size, &token, NULL) < 0)
		return;
	for (const char *c = token.token; *c; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			abort();
	if (token.expires_s < 60)
		abort();
}

static void try_tags(const char *text, size_t size)
{
	_cleanup_strv_ char **list = NULL;
	size_t count = 0;

	if (answer_decode_tags(text, size, &list, &count, NULL) < 0)
		return;
	if (list && strv_length(list) != count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size), *code, *message;
	_cleanup_free_ char *link = answer_next_link(text);
	uint64_t bytes = 0;

	try_token(arena, (const char *)data, size);
	try_tags((const char *)data, size);
	try_found(arena, (const char *)data, size);
	answer_decode_refusal(arena, (const char *)data, size, &code, &message);
	if (link && strchr(link, '>'))
		abort();
	if (answer_decode_range(text, &bytes) == 0 && bytes > UINT64_MAX / 2)
		abort();
	return 0;
}
