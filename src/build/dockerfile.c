/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile.h"
#include "build/dockerfile_directive.h"
#include "build/dockerfile_heredoc.h"
#include "build/dockerfile_line.h"
#include "build/dockerfile_mark.h"

#include <ctype.h>

#define DEFAULT_ESCAPE '\\'

struct reader {
	struct arena *arena;
	struct dockerfile *file;
	const char **starts; /* of each line in the text as it is, and its end */
	size_t line;         /* the next one, from 0 */
	size_t instruction_capacity, warning_capacity;
	bool directives_are_over;
	struct buf comment;  /* above the next instruction */
	struct dockerfile_mark *mark;
};

/* What an instruction's line may have in it beside words. */
enum grammar {
	GRAMMAR_JSON = 1 << 0,
	GRAMMAR_HEREDOC = 1 << 1,
	GRAMMAR_TYPED = 1 << 2,    /* a word comes before the array in JSON */
	GRAMMAR_COMPOUND = 1 << 3, /* another instruction follows */
};

static const struct {
	const char *name;
	unsigned grammar;
} grammars[] = {
	{ "ADD", GRAMMAR_JSON | GRAMMAR_HEREDOC },
	{ "CMD", GRAMMAR_JSON },
	{ "COPY", GRAMMAR_JSON | GRAMMAR_HEREDOC },
	{ "ENTRYPOINT", GRAMMAR_JSON },
	{ "HEALTHCHECK", GRAMMAR_JSON | GRAMMAR_TYPED },
	{ "ONBUILD", GRAMMAR_COMPOUND },
	{ "RUN", GRAMMAR_JSON | GRAMMAR_HEREDOC },
	{ "SHELL", GRAMMAR_JSON },
	{ "VOLUME", GRAMMAR_JSON },
};

static unsigned find_grammar(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(grammars); i++)
		if (str_equal(name, grammars[i].name))
			return grammars[i].grammar;
	return 0;
}

/* Puts "NAME:LINE: " in front. */
static int wrap(const struct reader *r, const struct dockerfile_mark *mark, struct error *err)
{
	*r->mark = *mark;
	return error_wrap(err, "%s:%u", r->file->name, mark->line);
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, DOCKERFILE_BLANKS);
}

static struct dockerfile_mark mark_line(const struct reader *r, size_t line)
{
	const char *text = r->file->lines[line], *begin = skip_blanks(text);

	return (struct dockerfile_mark){ (unsigned)line + 1, (unsigned)(begin - text) + 1, (unsigned)strlen(begin) };
}

/* Finds where lines begin, and copies them. */
static int split_lines(struct reader *r, const char *text, size_t length, struct error *err)
{
	const char *end = text + length;
	char *copy = arena_strndup(r->arena, text, length);
	size_t count = 1;

	for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		count++;
	if (count > DOCKERFILE_LINE_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s: more than %d lines", r->file->name, DOCKERFILE_LINE_LIMIT);
	r->starts = arena_alloc(r->arena, count + 1, sizeof(*r->starts));
	r->file->lines = arena_alloc(r->arena, count + 1, sizeof(*r->file->lines));
	for (const char *at = text; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		char *line = copy + (at - text), *stop = newline ? copy + (newline - text) : copy + length;

		r->starts[r->file->line_count] = at;
		r->file->lines[r->file->line_count++] = line;
		while (stop > line && stop[-1] == '\r')
			stop--;
		*stop = '\0';
		at = newline ? newline + 1 : end;
	}
	r->starts[r->file->line_count] = end;
	return 0;
}

/* Comments in front of instructions, which may be directives. */
static int read_comment(struct reader *r, const char *comment, struct error *err)
{
	struct dockerfile_mark mark = mark_line(r, r->line);
	int is_directive = 0;

	/* "#!" of a program that reads Dockerfiles is nobody's. */
	if (!r->directives_are_over && (r->line || *comment != '!')) {
		is_directive = dockerfile_directive_read(r->arena, comment, r->file, err);
		if (is_directive < 0)
			return wrap(r, &mark, err);
		r->directives_are_over = !is_directive;
		if (r->file->syntax && !r->file->syntax_mark.line)
			r->file->syntax_mark = mark;
	}
	r->line++;
	comment = skip_blanks(comment);
	if (is_directive)
		return 0;
	if (!*comment) {
		r->comment.length = 0;
		return 0;
	}
	if (r->comment.length)
		buf_add_char(&r->comment, '\n');
	buf_add_text(&r->comment, comment);
	return 0;
}

static void add_warning(struct reader *r, const char *rule, const struct dockerfile_mark *mark, const char *text)
{
	struct dockerfile *file = r->file;

	if (file->warning_count == r->warning_capacity) {
		struct dockerfile_warning *old = file->warnings;

		r->warning_capacity = r->warning_capacity ? 2 * r->warning_capacity : 4;
		file->warnings = arena_alloc(r->arena, r->warning_capacity, sizeof(*old));
		if (old)
			memcpy(file->warnings, old, file->warning_count * sizeof(*old));
	}
	file->warnings[file->warning_count++] = (struct dockerfile_warning){ rule, *mark, arena_strdup(r->arena, text) };
}

/* Adds LINE; whether it goes on in the next one: it ends in the escape character, with blanks behind it at most, and not in two of them. */
static bool add_line(const struct reader *r, const char *line, struct buf *joined)
{
	size_t length = strlen(line), end = length;
	char escape = r->file->escape ? r->file->escape : DEFAULT_ESCAPE;

	while (end && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	if (!end || line[end - 1] != escape || (end > 1 && line[end - 2] == escape)) {
		buf_add(joined, line, length);
		return false;
	}
	buf_add(joined, line, end - 1);
	return true;
}

/* Joins the lines of an instruction. Among those that go on, comments do not count, and empty ones should not be. */
static void join_lines(struct reader *r, struct buf *joined)
{
	bool goes_on = add_line(r, skip_blanks(r->file->lines[r->line++]), joined), warned = false;

	while (goes_on && r->line < r->file->line_count) {
		const char *line = r->file->lines[r->line++];
		struct dockerfile_mark mark = { .line = (unsigned)r->line };

		if (*skip_blanks(line) == '#')
			continue;
		if (*skip_blanks(line)) {
			goes_on = add_line(r, line, joined);
		} else if (!warned) {
			add_warning(r, "NoEmptyContinuation", &mark, "Empty continuation line");
			warned = true;
		}
	}
}

static int fail_unclosed(const struct reader *r, const struct dockerfile_instruction *instruction, const char *name, size_t first, struct error *err)
{
	struct dockerfile_mark mark;

	error_set(err, ERROR_INVALID, 0, "here-document '%s' is not closed", name);
	error_hint(err, "a line that is nothing but %s closes it", name);
	for (size_t i = first; i < r->file->line_count; i++) {
		const char *line = skip_blanks(r->file->lines[i]);

		if (strncmp(line, name, strlen(name)) == 0 && !*skip_blanks(line + strlen(name))) {
			error_hint(err, "line %zu has blanks around %s, which must stand alone", i + 1, name);
			break;
		}
	}
	mark = dockerfile_mark_text(r->file, instruction, name);
	return wrap(r, &mark, err);
}

static int read_heredoc(struct reader *r, const struct dockerfile_instruction *instruction, struct dockerfile_heredoc *heredoc, struct error *err)
{
	size_t first = r->line;

	for (; r->line < r->file->line_count; r->line++) {
		const char *line = r->file->lines[r->line];

		if (heredoc->strips_tabs)
			line += strspn(line, "\t");
		if (!str_equal(line, heredoc->name))
			continue;
		heredoc->first_line = (unsigned)first + 1;
		heredoc->written = arena_strndup(r->arena, r->starts[first], (size_t)(r->starts[r->line] - r->starts[first]));
		heredoc->content = heredoc->strips_tabs ? dockerfile_heredoc_strip(r->arena, heredoc->written) : heredoc->written;
		r->line++;
		return 0;
	}
	return fail_unclosed(r, instruction, heredoc->name, first, err);
}

static int read_heredocs(struct reader *r, const char *joined, struct dockerfile_instruction *instruction, struct error *err)
{
	const struct dockerfile_instruction *inner = instruction->triggered ? instruction->triggered : instruction;

	if (!(find_grammar(inner->name) & GRAMMAR_HEREDOC) || inner->json || !strstr(joined, "<<"))
		return 0;
	dockerfile_heredoc_find(r->arena, joined, &instruction->heredocs, &instruction->heredoc_count);
	if (instruction->heredoc_count > DOCKERFILE_HEREDOC_LIMIT) {
		error_set(err, ERROR_INVALID, 0, "more than %d here-documents in one instruction", DOCKERFILE_HEREDOC_LIMIT);
		return wrap(r, &instruction->mark, err);
	}
	for (size_t i = 0; i < instruction->heredoc_count; i++) {
		int result = read_heredoc(r, instruction, &instruction->heredocs[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}

static char *to_upper(struct arena *arena, const char *text)
{
	char *ret = arena_strdup(arena, text);

	for (char *c = ret; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return ret;
}

/* Takes a joined line apart, which ends in no blank, but for here-documents. */
static int split_line(struct reader *r, char *joined, struct dockerfile_instruction *ret, struct error *err)
{
	char escape = r->file->escape ? r->file->escape : DEFAULT_ESCAPE;
	const char *text;
	unsigned grammar;

	dockerfile_line_split(r->arena, joined, escape, &ret->written, &ret->flags, &ret->text);
	ret->name = to_upper(r->arena, ret->written);
	grammar = find_grammar(ret->name);
	text = ret->text;
	if (grammar & GRAMMAR_TYPED)
		text = skip_blanks(text + strcspn(text, DOCKERFILE_BLANKS));
	if ((grammar & GRAMMAR_JSON) && dockerfile_line_json(r->arena, text, &ret->json, err) < 0)
		return wrap(r, &ret->mark, err);
	return 0;
}

/* Where the instruction behind ONBUILD is written, if that is on the same line. */
static struct dockerfile_mark mark_triggered(const struct reader *r, const struct dockerfile_instruction *outer, const char *written)
{
	const char *line = r->file->lines[outer->mark.line - 1], *found = strstr(line + outer->mark.column - 1 + outer->mark.width, written);

	return found ? (struct dockerfile_mark){ outer->mark.line, (unsigned)(found - line) + 1, (unsigned)strlen(written) } : outer->mark;
}

/* ONBUILD: what is behind it; no deeper, as it must not be followed by itself. */
static int split_triggered(struct reader *r, const char *joined, struct dockerfile_instruction *outer, struct error *err)
{
	struct dockerfile_instruction *inner;
	int result;

	if (!(find_grammar(outer->name) & GRAMMAR_COMPOUND) || !*outer->text)
		return 0;
	outer->triggered = inner = arena_alloc(r->arena, 1, sizeof(*inner));
	inner->mark = outer->mark;
	result = split_line(r, outer->text, inner, err);
	if (result < 0)
		return result;
	inner->original = arena_strdup(r->arena, skip_blanks(skip_blanks(joined) + strlen(outer->written)));
	inner->mark = mark_triggered(r, outer, inner->written);
	inner->first_line = outer->first_line;
	return 0;
}

static struct dockerfile_instruction *add_instruction(struct reader *r)
{
	struct dockerfile *file = r->file;

	if (file->instruction_count == r->instruction_capacity) {
		struct dockerfile_instruction *old = file->instructions;

		r->instruction_capacity = r->instruction_capacity ? 2 * r->instruction_capacity : 32;
		file->instructions = arena_alloc(r->arena, r->instruction_capacity, sizeof(*old));
		if (old)
			memcpy(file->instructions, old, file->instruction_count * sizeof(*old));
	}
	return &file->instructions[file->instruction_count++];
}

static int read_joined(struct reader *r, size_t first, const char *joined, struct error *err)
{
	struct dockerfile_mark mark = mark_line(r, first);
	struct dockerfile_instruction *instruction;
	int result;

	if (!*skip_blanks(joined)) {
		error_set(err, ERROR_INVALID, 0, "a line that goes on has no instruction");
		return wrap(r, &mark, err);
	}
	if (r->file->instruction_count == DOCKERFILE_INSTRUCTION_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s: more than %d instructions", r->file->name, DOCKERFILE_INSTRUCTION_LIMIT);
	instruction = add_instruction(r);
	instruction->first_line = (unsigned)first + 1;
	instruction->original = str_trim_end(arena_strdup(r->arena, joined));
	instruction->comment = r->comment.length ? arena_strndup(r->arena, r->comment.data, r->comment.length) : NULL;
	instruction->mark = mark;
	result = split_line(r, instruction->original, instruction, err);
	if (result < 0)
		return result;
	if (instruction->mark.width > strlen(instruction->written))
		instruction->mark.width = (unsigned)strlen(instruction->written);
	instruction->last_line = (unsigned)r->line;
	result = split_triggered(r, joined, instruction, err);
	if (result == 0)
		result = read_heredocs(r, joined, instruction, err);
	instruction->last_line = (unsigned)r->line;
	if (result == 0 && instruction->triggered) {
		instruction->triggered->heredocs = instruction->heredocs;
		instruction->triggered->heredoc_count = instruction->heredoc_count;
		instruction->triggered->last_line = instruction->last_line;
	}
	return result;
}

static int read_instruction(struct reader *r, struct error *err)
{
	_cleanup_buf_ struct buf joined = BUF_INIT;
	size_t first = r->line;
	int result;

	r->directives_are_over = true;
	join_lines(r, &joined);
	result = read_joined(r, first, joined.length ? joined.data : "", err);
	r->comment.length = 0;
	return result;
}

static int read_file(struct reader *r, struct error *err)
{
	while (r->line < r->file->line_count) {
		const char *line = skip_blanks(r->file->lines[r->line]);
		int result = 0;

		if (*line == '#') {
			result = read_comment(r, line + 1, err);
		} else if (*line) {
			result = read_instruction(r, err);
		} else {
			r->directives_are_over = true;
			r->comment.length = 0;
			r->line++;
		}
		if (result < 0)
			return result;
	}
	if (!r->file->instruction_count)
		return error_set(err, ERROR_INVALID, 0, "%s: no instructions in it", r->file->name);
	return 0;
}

/* A byte 0 would end a string too early. */
static int check_bytes(const char *name, const char *text, size_t length, struct dockerfile_mark *mark, struct error *err)
{
	const char *zero;

	if (length > DOCKERFILE_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s: larger than %u MiB", name, DOCKERFILE_LIMIT >> 20);
	zero = length ? memchr(text, '\0', length) : NULL;
	if (!zero)
		return 0;
	mark->line = 1;
	for (const char *at = text; (at = memchr(at, '\n', (size_t)(zero - at))); at++)
		mark->line++;
	return error_set(err, ERROR_INVALID, 0, "%s:%u: a byte 0", name, mark->line);
}

int dockerfile_parse(struct arena *arena, const char *name, const char *text, size_t length, struct dockerfile **ret, struct dockerfile_mark *mark,
	struct error *err)
{
	struct reader r = { .arena = arena, .file = arena_alloc(arena, 1, sizeof(*r.file)), .mark = mark };
	int result;

	*ret = NULL;
	*mark = (struct dockerfile_mark){ 0 };
	r.file->name = arena_strdup(arena, name);
	result = check_bytes(name, text, length, mark, err);
	if (result < 0)
		return result;
	if (!length)
		text = "";
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	result = split_lines(&r, text, length, err);
	if (result == 0)
		result = read_file(&r, err);
	buf_done(&r.comment);
	if (!r.file->escape)
		r.file->escape = DEFAULT_ESCAPE;
	if (r.file->lines)
		*ret = r.file;
	return result;
}

bool dockerfile_syntax_is_stock(const char *syntax)
{
	static const char *const paths[] = { "docker/dockerfile", "docker/dockerfile-upstream" };
	size_t length = strcspn(syntax, "@");
	const char *colon = memrchr(syntax, ':', length);

	if (colon && !memchr(colon, '/', length - (size_t)(colon - syntax)))
		length = (size_t)(colon - syntax);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		size_t path = strlen(paths[i]);

		if (length >= path && memcmp(syntax + length - path, paths[i], path) == 0 && (length == path || syntax[length - path - 1] == '/'))
			return true;
	}
	return false;
}
