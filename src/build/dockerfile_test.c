/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile.h"
#include "build/dockerfile_mark.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct dockerfile *parse(struct arena *arena, const char *text)
{
	struct dockerfile *file = NULL;
	struct dockerfile_mark mark;
	struct error err = ERROR_INIT;

	if (dockerfile_parse(arena, "Dockerfile", text, strlen(text), &file, &mark, &err) < 0)
		fail_msg("%s", err.message);
	return file;
}

static const struct dockerfile_instruction *parse_one(struct arena *arena, const char *text)
{
	struct dockerfile *file = parse(arena, text);

	assert_int_equal(file->instruction_count, 1);
	return &file->instructions[0];
}

static void test_instruction(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "FROM debian\n  copy --from=a\t--chown=1:2 x  y \n");
	const struct dockerfile_instruction *copy = &file->instructions[1];

	assert_int_equal(file->instruction_count, 2);
	assert_int_equal(file->escape, '\\');
	assert_null(file->syntax);
	assert_string_equal(file->instructions[0].name, "FROM");
	assert_string_equal(file->instructions[0].text, "debian");
	assert_null(file->instructions[0].flags[0]);
	assert_string_equal(copy->name, "COPY");
	assert_string_equal(copy->written, "copy");
	assert_string_equal(copy->flags[0], "--from=a");
	assert_string_equal(copy->flags[1], "--chown=1:2");
	assert_null(copy->flags[2]);
	assert_string_equal(copy->text, "x  y");
	assert_string_equal(copy->original, "copy --from=a\t--chown=1:2 x  y");
	assert_int_equal(copy->first_line, 2);
	assert_int_equal(copy->last_line, 2);
	assert_int_equal(copy->mark.line, 2);
	assert_int_equal(copy->mark.column, 3);
	assert_int_equal(copy->mark.width, 4);
}

static void test_joined_lines(void **state _unused_)
{
	static const struct {
		const char *text, *joined;
	} cases[] = {
		{ "RUN a \\\n  b", "a   b" }, { "RUN a\\\nb", "ab" }, { "RUN a \\ \t\n b\n", "a  b" }, { "RUN a \\\r\n b\r\n", "a  b" },
		{ "RUN a \\\n# no\n  # neither\n b # yes", "a  b # yes" }, { "RUN a \\\n\n b", "a  b" }, { "RUN a \\\n", "a" }, { "RUN a \\", "a" },
		{ "RUN a\\\\", "a\\\\" }, { "R\\\nUN a", "a" }, { "\\\nRUN a", "a" }, { "RUN \\\n \\\n a", "a" }, { "RUN a `", "a `" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct dockerfile_instruction *run = parse_one(arena, cases[i].text);

		assert_string_equal(run->name, "RUN");
		assert_string_equal(run->text, cases[i].joined);
		assert_int_equal(run->first_line, 1);
	}
}

static void test_empty_continuation(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "RUN a \\\n\n\t\n b \\\n\n c\nRUN d\\\n\n e\n");

	assert_int_equal(file->instruction_count, 2);
	assert_int_equal(file->warning_count, 2);
	assert_string_equal(file->warnings[0].rule, "NoEmptyContinuation");
	assert_int_equal(file->warnings[0].mark.line, 2);
	assert_int_equal(file->warnings[1].mark.line, 8);
}

static void test_flags(void **state _unused_)
{
	static const struct {
		const char *line, *flags, *text; /* flags joined by '|' */
	} cases[] = {
		{ "RUN --a=b c", "--a=b", "c" }, { "RUN --a=\"b c\"d 'e'", "--a=b cd", "'e'" }, { "RUN --a=b\\ c d", "--a=b c", "d" }, { "RUN --a='b\\'' c", "--a=b'", "c" },
		{ "RUN --a", "--a", "" }, { "RUN -- --a", "", "--a" }, { "RUN --a -- --b", "--a", "--b" }, { "RUN -a --b", "", "-a --b" }, { "RUN x --a", "", "x --a" },
		{ "RUN --a='b c", "--a=b c", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf joined = BUF_INIT;
		const struct dockerfile_instruction *run = parse_one(arena, cases[i].line);

		buf_add_text(&joined, "");
		for (char **flag = run->flags; *flag; flag++)
			buf_printf(&joined, "%s%s", joined.length ? "|" : "", *flag);
		assert_string_equal(joined.data ? joined.data : "", cases[i].flags);
		assert_string_equal(run->text, cases[i].text);
	}
}

static void test_json(void **state _unused_)
{
	static const struct {
		const char *line, *first; /* the first element; NULL: none, "": an empty array */
	} cases[] = {
		{ "CMD [\"a\", \"b\"]", "a" }, { "CMD [ \"a b\" ] ", "a b" }, { "CMD []", "" }, { "CMD ['a']", NULL }, { "CMD [\"a\"", NULL }, { "CMD [\"a\"] b", NULL },
		{ "CMD a", NULL }, { "CMD", NULL }, { "RUN --x [\"a\"]", "a" }, { "SHELL [\"a\"]", "a" }, { "VOLUME [\"a\"]", "a" }, { "COPY [\"a\", \"b\"]", "a" },
		{ "ADD [\"a\", \"b\"]", "a" }, { "ENTRYPOINT [\"a\"]", "a" }, { "HEALTHCHECK CMD [\"a\"]", "a" }, { "HEALTHCHECK [\"a\"]", NULL },
		{ "ENV [\"a\"]", NULL }, { "USER [\"a\"]", NULL }, { "CMD [\"\\u00fc\"]", "\xc3\xbc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct dockerfile_instruction *instruction = parse_one(arena, cases[i].line);

		if (!cases[i].first)
			assert_null(instruction->json);
		else if (!*cases[i].first)
			assert_null(instruction->json[0]);
		else
			assert_string_equal(instruction->json[0], cases[i].first);
	}
}

static void test_directives(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "\xef\xbb\xbf# syntax = docker/dockerfile:1 extra\n#Escape=`\n# check=skip=all\nRUN a `\nb");

	assert_string_equal(file->syntax, "docker/dockerfile:1");
	assert_string_equal(file->check, "skip=all");
	assert_int_equal(file->syntax_mark.line, 1);
	assert_int_equal(file->escape, '`');
	assert_string_equal(file->instructions[0].text, "a b");
	assert_null(file->instructions[0].comment);
	assert_string_equal(parse(arena, "#!/bin/x\n# syntax=a\nFROM b")->syntax, "a");
	/* Behind anything else they are comments. */
	assert_null(parse(arena, "# hello\n# syntax=a\nFROM b")->syntax);
	assert_null(parse(arena, "# unknown=b\n# syntax=a\nFROM b")->syntax);
	assert_null(parse(arena, "\n# syntax=a\nFROM b")->syntax);
	assert_null(parse(arena, "FROM b\n# syntax=a\n")->syntax);
	assert_null(parse(arena, "# syntax\nFROM b")->syntax);
	assert_null(parse(arena, "# syntax=\nFROM b")->syntax);
}

static void test_comments(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "# a\n#  b \nFROM x\n# c\n\nRUN y\n# d\n#\n# e\nRUN z\nRUN w");

	assert_string_equal(file->instructions[0].comment, "a\nb ");
	assert_null(file->instructions[1].comment);
	assert_string_equal(file->instructions[2].comment, "e");
	assert_null(file->instructions[3].comment);
}

static void test_heredocs(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "RUN 3<<-A cat <<'B C'\n\tx\n\t\t# y\\\n\tA\n$z\r\nB C\nRUN last\n");
	const struct dockerfile_instruction *run = &file->instructions[0];

	assert_int_equal(file->instruction_count, 2);
	assert_string_equal(run->text, "3<<-A cat <<'B C'");
	assert_int_equal(run->heredoc_count, 2);
	assert_string_equal(run->heredocs[0].name, "A");
	assert_int_equal(run->heredocs[0].fd, 3);
	assert_true(run->heredocs[0].expands);
	assert_true(run->heredocs[0].strips_tabs);
	assert_string_equal(run->heredocs[0].content, "x\n# y\\\n");
	assert_string_equal(run->heredocs[0].written, "\tx\n\t\t# y\\\n");
	assert_int_equal(run->heredocs[0].first_line, 2);
	assert_string_equal(run->heredocs[1].name, "B C");
	assert_int_equal(run->heredocs[1].fd, 0);
	assert_false(run->heredocs[1].expands);
	assert_string_equal(run->heredocs[1].content, "$z\r\n");
	assert_int_equal(run->last_line, 6);
	assert_int_equal(file->instructions[1].first_line, 7);
}

static void test_heredoc_words(void **state _unused_)
{
	static const struct {
		const char *line, *name; /* NULL: announces none */
	} cases[] = {
		{ "RUN <<E", "E" }, { "COPY <<E /x", "E" }, { "ADD <<E /x", "E" }, { "ONBUILD RUN <<E", "E" }, { "RUN << E", "E" }, { "RUN <<E\"F\"", "EF" },
		{ "RUN <<$E", "$E" }, { "RUN <<E cat ${x:0:3} $y ${z%.*}", "E" }, { "RUN <<a.b", "a.b" }, { "RUN \"<<E\"", NULL }, { "RUN '<<E'", NULL }, { "RUN a<<E", NULL }, { "RUN <<<E", NULL }, { "RUN \\<<E", NULL },
		{ "RUN <<", NULL }, { "RUN [\"<<E\"]", NULL }, { "USER <<E", NULL }, { "CMD <<E", NULL }, { "RUN a <<'E", NULL }, { "RUN echo $((1<<2))", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct dockerfile_instruction *instruction =
			&parse(arena, arena_printf(arena, "%s\n%s\n", cases[i].line, cases[i].name ? cases[i].name : "RUN x"))->instructions[0];

		if (cases[i].name)
			assert_string_equal(instruction->heredocs[0].name, cases[i].name);
		assert_int_equal(instruction->heredoc_count, cases[i].name ? 1 : 0);
	}
}

static void test_triggered(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct dockerfile_instruction *outer = parse_one(arena, " onbuild  copy --link a b \\\n c \n");

	assert_string_equal(outer->name, "ONBUILD");
	assert_string_equal(outer->text, "copy --link a b  c");
	assert_string_equal(outer->triggered->name, "COPY");
	assert_string_equal(outer->triggered->flags[0], "--link");
	assert_string_equal(outer->triggered->text, "a b  c");
	assert_string_equal(outer->triggered->original, "copy --link a b  c ");
	assert_int_equal(outer->triggered->mark.column, 11);
	assert_int_equal(outer->triggered->mark.width, 4);
	outer = parse_one(arena, "ONBUILD RUN <<E\nx\nE\n");
	assert_int_equal(outer->triggered->heredoc_count, 1);
	assert_null(parse_one(arena, "ONBUILD")->triggered);
	assert_null(parse_one(arena, "ONBUILD ONBUILD ONBUILD RUN x")->triggered->triggered);
}

static void test_errors(void **state _unused_)
{
	static const struct {
		const char *text, *message, *hint;
		unsigned line;
	} cases[] = {
		{ "", "Dockerfile: no instructions in it", "", 0 },
		{ "# only\n\n", "Dockerfile: no instructions in it", "", 0 },
		{ "FROM a\n\\\n\n", "Dockerfile:2: a line that goes on has no instruction", "", 2 },
		{ "# escape=x\nFROM a", "Dockerfile:1: escape character 'x'", "it is \\ or `", 1 },
		{ "# syntax=a\n# syntax=a\nFROM a", "Dockerfile:2: directive 'syntax' is given twice", "", 2 },
		{ "# escape=`\n# ESCAPE=`\nFROM a", "Dockerfile:2: directive 'escape' is given twice", "", 2 },
		{ "FROM a\nCMD [\"a\", 1]", "Dockerfile:2: an array in JSON takes strings, and this one has an integer in it", "", 2 },
		{ "FROM a\nONBUILD CMD [[]]", "Dockerfile:2: an array in JSON takes strings, and this one has an array in it", "", 2 },
		{ "FROM a\nRUN <<E\nx\n", "Dockerfile:2: here-document 'E' is not closed", "a line that is nothing but E closes it", 2 },
		{ "FROM a\nRUN <<E\nx\n E\n", "Dockerfile:2: here-document 'E' is not closed", "line 4 has blanks around E, which must stand alone", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct dockerfile *file;
		struct dockerfile_mark mark;
		struct error err = ERROR_INIT;

		assert_int_equal(dockerfile_parse(arena, "Dockerfile", cases[i].text, strlen(cases[i].text), &file, &mark, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_int_equal(mark.line, cases[i].line);
	}
}

static void test_limits(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct dockerfile_mark mark;
	struct dockerfile *file;
	struct error err = ERROR_INIT;

	assert_int_equal(dockerfile_parse(arena, "D", "FROM a\nRUN \0", 12, &file, &mark, &err), -EINVAL);
	assert_string_equal(err.message, "D:2: a byte 0");
	assert_int_equal(mark.line, 2);
	assert_null(file);
	for (int i = 0; i < DOCKERFILE_INSTRUCTION_LIMIT; i++)
		buf_add_text(&text, "A\n");
	assert_int_equal(dockerfile_parse(arena, "D", text.data, text.length, &file, &mark, &err), 0);
	buf_add_text(&text, "A");
	assert_int_equal(dockerfile_parse(arena, "D", text.data, text.length, &file, &mark, &err), -EINVAL);
	assert_string_equal(err.message, "D: more than 20000 instructions");
}

static void test_show_mark(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct dockerfile *file = parse(arena, "FROM a\n\nRUN b\n\t\xc3\xbc FORM \x1b[m\xc2\x9b\nRUN c\nRUN d\nRUN e");

	dockerfile_show_mark(file, &(struct dockerfile_mark){ .line = 4, .column = 5, .width = 4 }, &out);
	assert_string_equal(out.data,
		"  2 |\n"
		"  3 | RUN b\n"
		"> 4 |  \xc3\xbc FORM ?[m?\n"
		"    |    ^~~~\n"
		"  5 | RUN c\n"
		"  6 | RUN d\n");
	out.length = 0;
	dockerfile_show_mark(file, &(struct dockerfile_mark){ .line = 1 }, &out);
	assert_string_equal(out.data, "> 1 | FROM a\n  2 |\n  3 | RUN b\n");
	out.length = 0;
	dockerfile_show_mark(file, &(struct dockerfile_mark){ .line = 0 }, &out);
	dockerfile_show_mark(file, &(struct dockerfile_mark){ .line = 8 }, &out);
	assert_int_equal(out.length, 0);
}

static void test_show_long_line(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	char text[1001] = { 0 };
	const char *caret;

	for (size_t i = 0; i < 1000; i++)
		text[i] = (char)('a' + i % 26);
	dockerfile_show_mark(parse(arena, text), &(struct dockerfile_mark){ .line = 1, .column = 501, .width = 3 }, &out);
	assert_true(str_starts_with(out.data, "> 1 | ..."));
	caret = strchr(out.data, '\n') + 1;
	assert_string_equal(strchr(caret, '^'), "^~~\n");
	/* It is below its column. */
	assert_int_equal(out.data[strchr(caret, '^') - caret], text[500]);
	assert_true(strlen(caret) < 300);
	out.length = 0;
	dockerfile_show_mark(parse(arena, text), &(struct dockerfile_mark){ .line = 1, .column = 2, .width = 999 }, &out);
	assert_int_equal(out.data[6], 'a');
	assert_non_null(strstr(out.data, "...\n"));
	out.length = 0;
	dockerfile_show_mark(parse(arena, text), &(struct dockerfile_mark){ .line = 1, .column = 1000, .width = 1 }, &out);
	assert_null(strstr(out.data, "...\n"));
}

static void test_mark_text(void **state _unused_)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
		{ "--from=a", 1, 6 }, { "a", 1, 13 }, { "b", 2, 2 }, { "bb", 1, 15 }, { "none", 1, 1 }, { "", 1, 1 }, { NULL, 1, 1 }, { "COPY", 1, 1 }, { "EOF", 2, 6 }, { "in", 1, 1 },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file = parse(arena, "COPY --from=a bb \\\n b <<EOF\nin\nEOF\n");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dockerfile_mark mark = dockerfile_mark_text(file, &file->instructions[0], cases[i].text);

		assert_int_equal(mark.line, cases[i].line);
		assert_int_equal(mark.column, cases[i].column);
	}
}

static void test_stock_syntax(void **state _unused_)
{
	static const char *const stock[] = { "docker/dockerfile", "docker/dockerfile:1", "docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile:1", "docker/dockerfile-upstream:master",
		"docker/dockerfile:1@sha256:00", "docker/dockerfile@sha256:00", "mirror.example:5000/docker/dockerfile:1" };
	static const char *const others[] = { "", "dockerfile", "mydocker/dockerfile", "docker/dockerfile2:1", "docker/dockerfile/x", "r2d4/mocker", "x:5000/dockerfile" };

	for (size_t i = 0; i < ARRAY_SIZE(stock); i++)
		assert_true(dockerfile_syntax_is_stock(stock[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(dockerfile_syntax_is_stock(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instruction),
		cmocka_unit_test(test_joined_lines),
		cmocka_unit_test(test_empty_continuation),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_directives),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_heredocs),
		cmocka_unit_test(test_heredoc_words),
		cmocka_unit_test(test_triggered),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_show_mark),
		cmocka_unit_test(test_show_long_line),
		cmocka_unit_test(test_mark_text),
		cmocka_unit_test(test_stock_syntax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
