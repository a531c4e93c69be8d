/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile_mark.h"

#define CONTEXT 2         /* lines shown before and behind */
#define SHOWN_LIMIT 200   /* bytes of a line */

static bool is_between_words(char c)
{
	return !c || strchr(" \t\v\f\r,=\"'[]", c);
}

/* TEXT in LINE from FROM on; only between what parts words, if it is to be one. */
static const char *find_text(const char *line, const char *from, const char *text, bool as_word)
{
	for (const char *at = strstr(from, text); at; at = strstr(at + 1, text))
		if (!as_word || ((at == line || is_between_words(at[-1])) && is_between_words(at[strlen(text)])))
			return at;
	return NULL;
}

static bool find_mark(const struct dockerfile *dockerfile, const struct dockerfile_instruction *instruction, const char *text, bool as_word,
	struct dockerfile_mark *ret)
{
	const struct dockerfile_mark *own = &instruction->mark;
	unsigned last = instruction->last_line;

	for (size_t i = 0; i < instruction->heredoc_count; i++)
		if (instruction->heredocs[i].first_line && instruction->heredocs[i].first_line <= last)
			last = instruction->heredocs[i].first_line - 1;
	for (unsigned i = own->line; i <= last && i <= dockerfile->line_count; i++) {
		const char *line = dockerfile->lines[i - 1], *from = i == own->line ? line + own->column - 1 + own->width : line;
		const char *found = find_text(line, from, text, as_word);

		if (!found)
			continue;
		*ret = (struct dockerfile_mark){ i, (unsigned)(found - line) + 1, (unsigned)strlen(text) };
		return true;
	}
	return false;
}

struct dockerfile_mark dockerfile_mark_text(const struct dockerfile *dockerfile, const struct dockerfile_instruction *instruction, const char *text)
{
	struct dockerfile_mark ret = instruction->mark;

	if (!str_is_empty(text) && ret.line && !find_mark(dockerfile, instruction, text, true, &ret))
		ignore_result(find_mark(dockerfile, instruction, text, false, &ret)); /* else the instruction's own it is */
	return ret;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* A line on one line, in characters that do nothing else; tabs become single blanks, so that columns stay. */
static void add_line(const char *line, struct buf *out)
{
	size_t length = strlen(line), shown = length;

	if (length > SHOWN_LIMIT)
		for (shown = SHOWN_LIMIT; shown && is_continuation(line[shown]);)
			shown--;
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)line[i];

		/* C1 controls are 0xc2 and 0x80 to 0x9f. */
		if (c == 0xc2 && (unsigned char)line[i + 1] < 0xa0 && is_continuation(line[i + 1]) && i + 1 < shown) {
			buf_add_char(out, '?');
			i++;
			continue;
		}
		buf_add_char(out, c == '\t' ? ' ' : c < 0x20 || c == 0x7f ? '?' : line[i]);
	}
	buf_add_text(out, shown < length ? "..." : "");
}

/* Characters among LENGTH bytes. */
static size_t count_characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length && text[i]; i++)
		count += !is_continuation(text[i]);
	return count;
}

static void add_caret(const char *line, const struct dockerfile_mark *mark, int digits, struct buf *out)
{
	size_t length = strlen(line), begin = mark->column - 1, width;

	if (begin >= length || begin >= SHOWN_LIMIT)
		return;
	width = mark->width > SHOWN_LIMIT - begin ? SHOWN_LIMIT - begin : mark->width;
	width = count_characters(line + begin, width);
	buf_printf(out, "  %*s | %*s^", digits, "", (int)count_characters(line, begin), "");
	for (size_t i = 1; i < width; i++)
		buf_add_char(out, '~');
	buf_add_char(out, '\n');
}

void dockerfile_show_mark(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark, struct buf *out)
{
	size_t first, last;
	int digits;

	if (!mark->line || mark->line > dockerfile->line_count)
		return;
	first = mark->line > CONTEXT ? mark->line - CONTEXT : 1;
	last = mark->line + CONTEXT < dockerfile->line_count ? mark->line + CONTEXT : dockerfile->line_count;
	digits = snprintf(NULL, 0, "%zu", last);
	for (size_t i = first; i <= last; i++) {
		const char *line = dockerfile->lines[i - 1];

		buf_printf(out, "%c %*zu |%s", i == mark->line ? '>' : ' ', digits, i, *line ? " " : "");
		add_line(line, out);
		buf_add_char(out, '\n');
		if (i == mark->line && mark->column)
			add_caret(line, mark, digits, out);
	}
}
