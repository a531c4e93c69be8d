/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t length, struct buf *out)
{
	const unsigned char *at = bytes;

	for (; length >= 3; at += 3, length -= 3) {
		uint32_t group = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
		char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63], alphabet[group & 63] };

		buf_add(out, text, sizeof text);
	}
	if (length) {
		uint32_t group = (uint32_t)at[0] << 16 | (length == 2 ? (uint32_t)at[1] << 8 : 0);
		char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63], length == 2 ? alphabet[group >> 6 & 63] : '=', '=' };

		buf_add(out, text, sizeof text);
	}
	buf_add(out, "", 0);
}

/* -1 for a character that is not of the alphabet. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(const char *text, size_t length, struct buf *out)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	unsigned bits = 0;
	uint32_t group = 0;

	if (length >= 4 && length % 4 == 0 && text[length - 1] == '=')
		length -= text[length - 2] == '=' ? 2 : 1;
	if (length % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return -EINVAL;
		group = group << 6 | (uint32_t)value;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		buf_add_char(&bytes, (char)(group >> bits));
		group &= (1u << bits) - 1;
	}
	if (group)
		return -EINVAL;
	buf_add(out, bytes.length ? bytes.data : "", bytes.length);
	return 0;
}
