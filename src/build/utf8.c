/* SPDX-License-Identifier: Apache-2.0 */
#include "build/utf8.h"

#include "base/cleanup.h"

#define NO_CHARACTER 0x110000u /* and the byte */

uint32_t utf8_decode(const char *text, size_t *ret_length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = bytes[0] < 0xc2 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : bytes[0] < 0xf5 ? 4 : 1;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;

	*ret_length = 1;
	if (bytes[0] < 0x80)
		return bytes[0];
	if (length == 1)
		return NO_CHARACTER + bytes[0];
	c = bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return NO_CHARACTER + bytes[0];
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < least[length] || c >= NO_CHARACTER || (c >= 0xd800 && c < 0xe000))
		return NO_CHARACTER + bytes[0];
	*ret_length = length;
	return c;
}

/*
 * Beyond ASCII, ranges of what people write around names that are no letters:
 * spaces, punctuation, arrows and other symbols, emoji. The rest is letters,
 * or near enough.
 */
static const struct {
	uint32_t first, last;
} others[] = {
	{ 0x80, 0xa9 }, { 0xab, 0xb4 }, { 0xb6, 0xb9 }, { 0xbb, 0xbf }, { 0xd7, 0xd7 }, { 0xf7, 0xf7 },
	{ 0x2000, 0x2070 }, { 0x2072, 0x207e }, { 0x2080, 0x208f }, { 0x20a0, 0x20ff }, { 0x2190, 0x2bff }, { 0x2e00, 0x2e2e }, { 0x2e30, 0x2fff },
	{ 0x3000, 0x3004 }, { 0x3007, 0x3030 }, { 0xd800, 0xf8ff }, { 0xfe00, 0xfe6f }, { 0xff00, 0xff20 }, { 0xff3b, 0xff40 }, { 0xff5b, 0xff65 },
	{ 0xffe0, 0xffff }, { 0x1f000, 0x1faff }, { 0xe0000, UINT32_MAX },
};

bool utf8_is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (c >= others[i].first && c <= others[i].last)
			return false;
	return true;
}
