/* SPDX-License-Identifier: Apache-2.0 */
#include "build/go_text.h"
#include "build/utf8.h"

/* What Go does not print of what is beyond ASCII: blanks, what has no width, what is no character. The tables of all unassigned ones are not worth their size. */
static bool is_printable(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x1680, 0x1680 },
		{ 0x180e, 0x180e }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xd800, 0xf8ff },
		{ 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, UINT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return false;
	return true;
}

static void add_escaped(struct buf *out, uint32_t c, char quote)
{
	static const char from[] = "\a\b\f\n\r\t\v\\", to[] = "abfnrtv\\";
	const char *known = c > 0 && c < 0x80 ? strchr(from, (int)c) : NULL;

	if (c == (unsigned char)quote)
		buf_printf(out, "\\%c", quote);
	else if (known)
		buf_printf(out, "\\%c", to[known - from]);
	else if (c < 0x80)
		buf_printf(out, "\\x%02x", c);
	else if (c < 0x10000)
		buf_printf(out, "\\u%04x", c);
	else
		buf_printf(out, "\\U%08x", c);
}

void go_text_quote(struct buf *out, const char *text)
{
	size_t length;

	buf_add_char(out, '"');
	for (; *text; text += length) {
		uint32_t c;

		for (length = 0; text[length] >= ' ' && text[length] < 0x7f && text[length] != '"' && text[length] != '\\';)
			length++;
		if (length > 0) {
			buf_add(out, text, length);
			continue;
		}
		c = utf8_decode(text, &length);
		if (length == 1 && (unsigned char)*text >= 0x80)
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else if (c == '"' || c == '\\' || !is_printable(c))
			add_escaped(out, c, '"');
		else
			buf_add(out, text, length);
	}
	buf_add_char(out, '"');
}

void go_text_quote_list(struct buf *out, char *const *list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; list && list[i]; i++) {
		if (i > 0)
			buf_add_char(out, ' ');
		go_text_quote(out, list[i]);
	}
	buf_add_char(out, ']');
}

void go_text_list(struct buf *out, char *const *list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; list && list[i]; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", list[i]);
	buf_add_char(out, ']');
}

void go_text_quote_character(struct buf *out, int64_t character)
{
	uint32_t c = character < 0 || character > 0x10ffff ? 0xfffd : (uint32_t)character;

	buf_add_char(out, '\'');
	if (c == '\'' || c == '\\' || !is_printable(c))
		add_escaped(out, c, '\'');
	else if (c < 0x80)
		buf_add_char(out, (char)c);
	else if (c < 0x800)
		buf_add(out, (char[]){ (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)) }, 2);
	else if (c < 0x10000)
		buf_add(out, (char[]){ (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)) }, 3);
	else
		buf_add(out, (char[]){ (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)) }, 4);
	buf_add_char(out, '\'');
}

/* VALUE / UNIT, without zeros at its end. */
static void add_decimal(struct buf *out, uint64_t value, uint64_t unit)
{
	buf_printf(out, "%llu", (unsigned long long)(value / unit));
	value %= unit;
	if (value > 0)
		buf_add_char(out, '.');
	for (; value > 0; value %= unit) {
		unit /= 10;
		buf_add_char(out, (char)('0' + value / unit));
	}
}

void go_text_duration(struct buf *out, int64_t ns)
{
	uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	const uint64_t second = 1000000000;

	if (ns == 0) {
		buf_add_text(out, "0s");
		return;
	}
	if (ns < 0)
		buf_add_char(out, '-');
	if (value < second) {
		uint64_t unit = value < 1000 ? 1 : value < 1000000 ? 1000 : 1000000;

		add_decimal(out, value, unit);
		buf_add_text(out, unit == 1 ? "ns" : unit == 1000 ? "\xc2\xb5s" : "ms");
		return;
	}
	if (value >= 3600 * second)
		buf_printf(out, "%lluh", (unsigned long long)(value / (3600 * second)));
	if (value >= 60 * second)
		buf_printf(out, "%llum", (unsigned long long)(value / (60 * second) % 60));
	add_decimal(out, value % (60 * second), second);
	buf_add_char(out, 's');
}
