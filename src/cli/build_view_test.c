/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is put through a small model of a terminal, and the screen compared; lines and documents as they are. */
#include "cli/build_view.h"
#include "base/base64.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COLUMNS 40
#define ROWS 8
#define LINES 60

struct show {
	struct build_view view;
	struct build_view_place place;
	char lines[LINES][COLUMNS + 1];
	unsigned row, last, column;
	struct buf all;
};

static struct show *show_new(enum build_progress progress)
{
	struct show *show = memory_new(1, sizeof *show);

	show->view = (struct build_view){ .fd = -1, .progress = progress, .last = (size_t)-1, .begun_ms = 1000 };
	show->place = (struct build_view_place){ COLUMNS, ROWS, 1000, INT64_C(1700000000500000000) };
	return show;
}

static void put_char(struct show *show, char c)
{
	if (c == '\r') {
		show->column = 0;
	} else if (c == '\n') {
		show->row++;
		show->column = 0;
		show->last = show->row > show->last ? show->row : show->last;
		assert_true(show->row < LINES);
	} else {
		/* A line that is too long would come out as two. */
		assert_true(show->column < COLUMNS - 1 || show->view.progress != BUILD_PROGRESS_TTY || show->view.count == 0);
		if (show->column < COLUMNS)
			show->lines[show->row][show->column++] = c;
	}
}

static void put_sequence(struct show *show, unsigned number, char command)
{
	unsigned top = show->last >= ROWS ? show->last - ROWS + 1 : 0;

	if (command == 'A') {
		assert_true(show->row >= top + number);
		show->row -= number;
	} else if (command == 'K') {
		memset(show->lines[show->row] + show->column, 0, COLUMNS + 1 - show->column);
	} else if (command == 'J') {
		for (unsigned row = show->row; row <= show->last; row++)
			memset(show->lines[row], 0, COLUMNS + 1);
	} else {
		assert_true(command == 'm' && show->view.colors);
	}
}

static void put(struct show *show, const struct buf *out)
{
	for (const char *c = out->data; c && *c; c++) {
		char *end = NULL;
		unsigned number;

		if (*c != '\033') {
			put_char(show, *c);
			continue;
		}
		assert_int_equal(c[1], '[');
		number = (unsigned)strtoul(c + 2, &end, 10);
		put_sequence(show, number, *end);
		c = end;
	}
	if (out->length)
		buf_add(&show->all, out->data, out->length);
}

static void tell(struct show *show, const struct build_event *event)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	build_view_take(&show->view, event, &show->place, &out);
	put(show, &out);
}

static void plan(struct show *show, const char *title)
{
	tell(show, &(struct build_event){ .kind = BUILD_PLANNED, .vertex = show->view.count, .title = title });
}

static void happen(struct show *show, enum build_event_kind kind, size_t vertex)
{
	tell(show, &(struct build_event){ .kind = kind, .vertex = vertex });
}

static void print(struct show *show, size_t vertex, const char *text)
{
	tell(show, &(struct build_event){ .kind = BUILD_LOG, .vertex = vertex, .text = text, .length = strlen(text) });
}

static void wait_ms(struct show *show, int64_t ms)
{
	show->place.now_ms += ms;
	show->place.wall_ns += ms * 1000000;
}

/* What stands on the screen, without blanks at the ends of lines and empty lines at the end. */
static void expect(const struct show *show, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	unsigned end = show->last + 1;

	while (end > 0 && !show->lines[end - 1][0])
		end--;
	for (unsigned row = 0; row < end; row++) {
		_cleanup_free_ char *line = str_dup(show->lines[row]);

		buf_printf(&text, "%s\n", str_trim_end(line));
	}
	assert_string_equal(text.data ? text.data : "", expected);
}

static void finish(struct show *show)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	build_view_finish(&show->view, &show->place, &out);
	show->view.count = 0;
	put(show, &out);
}

static void show_free(struct show *show)
{
	buf_done(&show->all);
	free(show);
}

static void test_tree(void **state _unused_)
{
	struct show *show = show_new(BUILD_PROGRESS_TTY);

	plan(show, "[1/2] FROM base");
	plan(show, "[2/2] RUN make everything there is, and more");
	happen(show, BUILD_CACHED, 0);
	expect(show, "[+] Building 0.0s (1/2)\n => CACHED [1/2] FROM base         0.0s\n => [2/2] RUN make everything there is\n");
	happen(show, BUILD_STARTED, 1);
	print(show, 1, "one\ntwo\r\nthr");
	wait_ms(show, 1500);
	print(show, 1, "ee\n\033[31mred\033[m\ttext\n");
	expect(show, "[+] Building 1.5s (1/2)\n => CACHED [1/2] FROM base         0.0s\n => [2/2] RUN make everything ther 1.5s\n"
		" => => # one\n => => # two\n => => # three\n => => # red text\n");
	wait_ms(show, 100);
	happen(show, BUILD_DONE, 1);
	finish(show);
	expect(show, "[+] Building 1.6s (2/2) FINISHED\n => CACHED [1/2] FROM base         0.0s\n => [2/2] RUN make everything ther 1.6s\n");
	show_free(show);
}

/* More steps and lines than the terminal has rows: nothing is drawn above its first row, and all is there at the end. */
static void test_small_terminal(void **state _unused_)
{
	struct show *show = show_new(BUILD_PROGRESS_TTY);

	for (size_t i = 0; i < 10; i++)
		plan(show, "step");
	for (size_t i = 0; i < 10; i++) {
		happen(show, BUILD_STARTED, i);
		wait_ms(show, 100);
		print(show, i, "a\nb\nc\nd\ne\nf\ng\nh\n");
		assert_true(show->view.shown < ROWS);
		if (i < 9)
			happen(show, BUILD_DONE, i);
	}
	expect(show, "[+] Building 1.0s (9/10)\n => step                           0.1s\n => => # d\n => => # e\n => => # f\n => => # g\n => => # h\n");
	happen(show, BUILD_DONE, 9);
	finish(show);
	assert_true(show->last == 11);
	assert_string_equal(show->lines[0], "[+] Building 1.0s (10/10) FINISHED     ");
	show_free(show);
}

/* All steps that run are seen, before what they print is. */
static void test_much_output(void **state _unused_)
{
	struct show *show = show_new(BUILD_PROGRESS_TTY);

	plan(show, "one");
	plan(show, "two");
	plan(show, "three");
	happen(show, BUILD_STARTED, 0);
	happen(show, BUILD_STARTED, 2);
	print(show, 0, "a\nb\nc\nd\ne\nf\n");
	wait_ms(show, 100);
	print(show, 2, "x\ny\n");
	expect(show, "[+] Building 0.1s (0/3)\n => one                            0.1s\n => => # c\n => => # d\n => => # e\n => => # f\n"
		" => three                          0.1s\n");
	happen(show, BUILD_CACHED, 1);
	expect(show, "[+] Building 0.1s (1/3)\n => one                            0.1s\n => => # c\n => => # d\n => => # e\n => => # f\n"
		" => three                          0.1s\n");
	finish(show);
	show_free(show);
}

/* How far it is: files, bytes; and after a pause all of it is drawn again. */
static void test_status(void **state _unused_)
{
	struct show *show = show_new(BUILD_PROGRESS_TTY);
	_cleanup_buf_ struct buf out = BUF_INIT;

	plan(show, "one");
	happen(show, BUILD_STARTED, 0);
	wait_ms(show, 100);
	tell(show, &(struct build_event){ .kind = BUILD_STATUS, .text = "copying", .current = 7, .total = 2000, .in_files = true });
	expect(show, "[+] Building 0.1s (0/1)\n => one                            0.1s\n => => copying 7 of 2000 files\n");
	wait_ms(show, 100);
	tell(show, &(struct build_event){ .kind = BUILD_STATUS, .text = "0123 writing", .current = 1200000, .total = 40000000 });
	expect(show, "[+] Building 0.2s (0/1)\n => one                            0.2s\n => => 0123 writing 1.2MB / 40MB\n");
	happen(show, BUILD_FAILED, 0);
	build_view_rest(&show->view, &show->place, &out);
	put(show, &out);
	happen(show, BUILD_DONE, 0);
	finish(show);
	expect(show, "[+] Building 0.2s (0/1) ERROR\n => ERROR one                      0.2s\n[+] Building 0.2s (1/1) FINISHED\n => one                            0.2s\n");
	show_free(show);
}

static void test_failure(void **state _unused_)
{
	static const struct error err = { .kind = ERROR_UNAVAILABLE, .message = "it ended with 3" };
	struct show *show = show_new(BUILD_PROGRESS_TTY);

	plan(show, "[1/1] RUN false");
	happen(show, BUILD_STARTED, 0);
	print(show, 0, "last words");
	tell(show, &(struct build_event){ .kind = BUILD_FAILED, .error = &err });
	finish(show);
	expect(show, "[+] Building 0.0s (0/1) ERROR\n => ERROR [1/1] RUN false          0.0s\n------\n > [1/1] RUN false:\nlast words\n------\n");
	show_free(show);
}

static void test_colors(void **state _unused_)
{
	struct show *show = show_new(BUILD_PROGRESS_TTY);

	plan(show, "a");
	happen(show, BUILD_CACHED, 0);
	assert_null(strstr(show->all.data, "m"));
	show->view.colors = true;
	happen(show, BUILD_CACHED, 0);
	assert_non_null(strstr(show->all.data, "\033[34m"));
	finish(show);
	show_free(show);
}

static void test_plain(void **state _unused_)
{
	static const struct error err = { .kind = ERROR_INVALID, .message = "it is broken" };
	struct show *show = show_new(BUILD_PROGRESS_PLAIN);

	plan(show, "[a 1/1] RUN one");
	plan(show, "[b 1/1] RUN two");
	plan(show, "[b 2/2] RUN three");
	happen(show, BUILD_STARTED, 0);
	print(show, 0, "out\npart");
	happen(show, BUILD_STARTED, 1);
	wait_ms(show, 1234);
	print(show, 0, "ial\n");
	happen(show, BUILD_DONE, 0);
	happen(show, BUILD_CACHED, 2);
	print(show, 1, "no end");
	tell(show, &(struct build_event){ .kind = BUILD_FAILED, .vertex = 1, .error = &err });
	finish(show);
	assert_string_equal(show->all.data, "#1 [a 1/1] RUN one\n#1 0.000 out\n\n#2 [b 1/1] RUN two\n\n#1 [a 1/1] RUN one\n#1 1.234 partial\n#1 DONE 1.2s\n\n"
		"#3 [b 2/2] RUN three\n#3 CACHED\n\n#2 [b 1/1] RUN two\n#2 1.234 no end\n#2 it is broken\n");
	show_free(show);
}

/* At the end, once, with where they are explained; not for those who want nothing to be said. */
static void test_warnings(void **state _unused_)
{
	const struct build_event warning = { .kind = BUILD_WARNING, .vertex = (size_t)-1, .rule = "MaintainerDeprecated", .text = "it is \033[1mold", .mark = { .line = 2 } };
	const struct build_event other = { .kind = BUILD_WARNING, .vertex = (size_t)-1, .text = "nobody takes it" };
	struct show *show = show_new(BUILD_PROGRESS_PLAIN);

	plan(show, "a");
	tell(show, &warning);
	tell(show, &other);
	assert_int_equal(show->all.length, 0);
	finish(show);
	assert_string_equal(show->all.data, "\n2 warnings:\n - MaintainerDeprecated: it is old (line 2)\n"
		"   https://docs.docker.com/reference/build-checks/maintainer-deprecated/\n - nobody takes it\n");
	show_free(show);
	show = show_new(BUILD_PROGRESS_QUIET);
	tell(show, &warning);
	finish(show);
	assert_int_equal(show->all.length, 0);
	show_free(show);
}

/* ---- documents ------------------------------------------------------------------------------ */

/* The only element of LIST in the last line. */
static const struct json *last_of(struct arena *arena, const struct show *show, const char *list)
{
	const char *text = show->all.data, *line = text;
	struct json *document = NULL;

	assert_int_equal(text[show->all.length - 1], '\n');
	for (const char *c = text; c[1]; c++)
		line = *c == '\n' ? c + 1 : line;
	assert_int_equal(json_parse(arena, line, strlen(line), &document, NULL), 0);
	assert_int_equal(document->length, 1);
	assert_string_equal(document->first->key, list);
	assert_int_equal(document->first->length, 1);
	return document->first->first;
}

static const char *text_in(const struct json *object, const char *key)
{
	const struct json *value = json_member(object, key);

	return value ? value->text : NULL;
}

static void test_documents(void **state _unused_)
{
	static const size_t inputs[] = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct show *show = show_new(BUILD_PROGRESS_RAW);
	const struct json *vertex, *log, *status;
	const char *digest;

	plan(show, "first");
	digest = text_in(last_of(arena, show, "vertexes"), "digest");
	assert_int_equal(strlen(digest), strlen("sha256:") + 64);
	tell(show, &(struct build_event){ .kind = BUILD_PLANNED, .vertex = 1, .title = "first", .inputs = inputs, .input_count = 1 });
	vertex = last_of(arena, show, "vertexes");
	assert_string_not_equal(text_in(vertex, "digest"), digest);
	assert_string_equal(json_member(vertex, "inputs")->first->text, digest);
	assert_null(json_member(vertex, "started"));
	happen(show, BUILD_STARTED, 0);
	vertex = last_of(arena, show, "vertexes");
	assert_string_equal(text_in(vertex, "name"), "first");
	assert_string_equal(text_in(vertex, "started"), "2023-11-14T22:13:20.5Z");
	assert_null(json_member(vertex, "completed"));
	tell(show, &(struct build_event){ .kind = BUILD_LOG, .text = "a\0b", .length = 3, .is_error_stream = true });
	log = last_of(arena, show, "logs");
	assert_string_equal(text_in(log, "vertex"), digest);
	assert_string_equal(text_in(log, "data"), "YQBi");
	assert_int_equal(json_member(log, "stream")->unsigned_integer, 2);
	tell(show, &(struct build_event){ .kind = BUILD_STATUS, .text = "layer", .current = 1, .total = 4 });
	status = last_of(arena, show, "statuses");
	assert_string_equal(text_in(status, "id"), "layer");
	assert_int_equal(json_member(status, "total")->unsigned_integer, 4);
	assert_null(json_member(status, "completed"));
	wait_ms(show, 500);
	happen(show, BUILD_DONE, 0);
	assert_string_equal(text_in(last_of(arena, show, "vertexes"), "completed"), "2023-11-14T22:13:21Z");
	happen(show, BUILD_CACHED, 1);
	assert_true(json_member(last_of(arena, show, "vertexes"), "cached")->boolean);
	finish(show);
	show_free(show);
}

static void test_documents_of_what_is_wrong(void **state _unused_)
{
	static const struct error err = { .kind = ERROR_INVALID, .message = "it is broken" };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct show *show = show_new(BUILD_PROGRESS_RAW);
	const struct json *warning;
	const char *encoded;

	plan(show, "a");
	tell(show, &(struct build_event){ .kind = BUILD_FAILED, .error = &err });
	assert_string_equal(text_in(last_of(arena, show, "vertexes"), "error"), "it is broken");
	tell(show, &(struct build_event){ .kind = BUILD_WARNING, .vertex = (size_t)-1, .rule = "MaintainerDeprecated", .text = "old", .mark = { .line = 7 } });
	warning = last_of(arena, show, "warnings");
	encoded = text_in(warning, "short");
	assert_int_equal(base64_decode(encoded, strlen(encoded), &text), 0);
	assert_string_equal(text.data, "MaintainerDeprecated: old");
	assert_string_equal(text_in(warning, "url"), "https://docs.docker.com/reference/build-checks/maintainer-deprecated/");
	assert_int_equal(json_member(json_member(json_member(warning, "range")->first, "start"), "line")->unsigned_integer, 7);
	finish(show);
	/* Warnings were told already. */
	assert_non_null(last_of(arena, show, "warnings"));
	show_free(show);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_small_terminal),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_documents_of_what_is_wrong),
	};

	return cmocka_run_group_tests_name("cli/build_view", tests, NULL, NULL);
}
