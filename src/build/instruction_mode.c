/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_mode.h"

#include <stddef.h>
#include <string.h>

static bool is_octal(const char *text)
{
	size_t zeros = strspn(text, "0"), digits = strspn(text + zeros, "01234567");

	return zeros + digits == strlen(text) && digits <= 4 && *text;
}

/* "ugo+rwx-s", up to the next comma or the end; NULL: it is none. */
static const char *skip_clause(const char *text)
{
	text += strspn(text, "ugoa");
	if (!*text || !strchr("+-=", *text))
		return NULL;
	while (*text && strchr("+-=", *text)) {
		text++;
		if (*text && strchr("ugo", *text))
			text++;
		else
			text += strspn(text, "rwxXst");
	}
	return text;
}

bool instruction_mode_is_valid(const char *text)
{
	if (is_octal(text))
		return true;
	for (;; text++) {
		text = skip_clause(text);
		if (!text || (*text && *text != ','))
			return false;
		if (!*text)
			return true;
	}
}
