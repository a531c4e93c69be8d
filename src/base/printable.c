/* SPDX-License-Identifier: Apache-2.0 */
#include "base/printable.h"

size_t printable_control_length(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if (length == 0)
		return 0;
	if (bytes[0] < 0x20 || bytes[0] == 0x7f)
		return 1;
	return length > 1 && bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0 ? 2 : 0;
}

void printable_replace(char *text, size_t length, const char *kept, char instead)
{
	for (size_t i = 0; i < length;) {
		size_t control = printable_control_length(text + i, length - i);

		if (control == 0 || (text[i] && strchr(kept, text[i]))) {
			i++;
			continue;
		}
		memset(text + i, instead, control);
		i += control;
	}
}

void printable_add(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t control = printable_control_length(text + i, length - i), start = i;

		if (control) {
			buf_add_char(out, '?');
			i += control;
			continue;
		}
		while (i < length && printable_control_length(text + i, length - i) == 0)
			i++;
		buf_add(out, text + start, i - start);
	}
}
