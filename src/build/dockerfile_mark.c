/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile_mark.h"
#include "base/printable.h"

#define CONTEXT 2         /* lines shown before and behind */
#define SHOWN_LIMIT 200   /* bytes of a line */
#define CUT "..."         /* where others are */

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

/* Bytes FROM to TO of a line, in characters that do nothing else; tabs become single blanks, so that columns stay. */
static void add_characters(const char *line, size_t from, size_t to, struct buf *out)
{
	for (size_t i = from; i < to; i++) {
		size_t control = line[i] == '\t' ? 0 : printable_control_length(line + i, to - i);

		buf_add_char(out, line[i] == '\t' ? ' ' : control ? '?' : line[i]);
		i += control > 1;
	}
}

/* The part of a line that is shown: all of it, or some bytes with the column COLUMN (0: none) among them. */
struct part {
	const char *line;
	size_t begin, end;
};

static struct part choose_part(const char *line, unsigned column)
{
	struct part part = { line, 0, strlen(line) };

	if (part.end <= SHOWN_LIMIT)
		return part;
	if (column > SHOWN_LIMIT / 2 && column <= part.end)
		part.begin = column - SHOWN_LIMIT / 2;
	while (is_continuation(line[part.begin]))
		part.begin++;
	if (part.end - part.begin > SHOWN_LIMIT)
		part.end = part.begin + SHOWN_LIMIT;
	while (part.end > part.begin && is_continuation(line[part.end]))
		part.end--;
	return part;
}

static void add_part(const struct part *part, struct buf *out)
{
	buf_add_text(out, part->begin ? CUT : "");
	add_characters(part->line, part->begin, part->end, out);
	buf_add_text(out, part->line[part->end] ? CUT : "");
}

/* Characters from byte FROM to TO. */
static size_t count_characters(const char *text, size_t from, size_t to)
{
	size_t count = 0;

	for (size_t i = from; i < to; i++)
		count += !is_continuation(text[i]);
	return count;
}

static void add_caret(const struct part *part, const struct dockerfile_mark *mark, int digits, struct buf *out)
{
	size_t begin = mark->column - 1, end = begin + mark->width;

	if (begin < part->begin || begin >= part->end)
		return;
	end = count_characters(part->line, begin, end < part->end ? end : part->end);
	begin = count_characters(part->line, part->begin, begin) + (part->begin ? strlen(CUT) : 0);
	buf_printf(out, "  %*s | %*s^", digits, "", (int)begin, "");
	for (size_t i = 1; i < end; i++)
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
		struct part part = choose_part(dockerfile->lines[i - 1], i == mark->line ? mark->column : 0);

		buf_printf(out, "%c %*zu |%s", i == mark->line ? '>' : ' ', digits, i, *part.line ? " " : "");
		add_part(&part, out);
		buf_add_char(out, '\n');
		if (i == mark->line && mark->column)
			add_caret(&part, mark, digits, out);
	}
}
