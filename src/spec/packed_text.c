/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/packed_text.h"

void packed_text_add(struct buf *out, const char *text)
{
	buf_add(out, text, strlen(text) + 1);
}

char *packed_text_take(struct packed_text *rest)
{
	const char *end = rest->length ? memchr(rest->bytes, '\0', rest->length) : NULL;
	char *text;

	if (!end)
		return NULL;
	text = arena_strdup(rest->arena, rest->bytes);
	rest->length -= (size_t)(end + 1 - rest->bytes);
	rest->bytes = end + 1;
	return text;
}
