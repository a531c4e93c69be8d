/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is put through a small model of a terminal, and the screen compared. */
#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COLUMNS 60
#define ROWS 8
#define LINES 100

/* Lines that scrolled away stay; the cursor cannot go above the ROWS last ones. */
struct screen {
	char lines[LINES][COLUMNS + 1];
	unsigned row, last, column;
};

static void put_char(struct screen *screen, char c)
{
	if (c == '\r') {
		screen->column = 0;
	} else if (c == '\n') {
		screen->row++;
		screen->column = 0;
		screen->last = screen->row > screen->last ? screen->row : screen->last;
		assert_true(screen->row < LINES);
	} else {
		/* A line that is too long would come out as two. */
		assert_true(screen->column < COLUMNS - 1);
		screen->lines[screen->row][screen->column++] = c;
	}
}

static void put_sequence(struct screen *screen, unsigned number, char command)
{
	unsigned top = screen->last >= ROWS ? screen->last - ROWS + 1 : 0;

	if (command == 'A') {
		assert_true(screen->row >= top + number);
		screen->row -= number;
	} else if (command == 'K') {
		memset(screen->lines[screen->row], 0, COLUMNS + 1);
	} else if (command == 'J') {
		for (unsigned row = screen->row; row <= screen->last; row++)
			memset(screen->lines[row], 0, COLUMNS + 1);
	} else {
		fail_msg("sequence %c", command);
	}
}

static void put(struct screen *screen, const struct buf *out)
{
	for (const char *c = out->data; c && *c; c++) {
		char *end = NULL;
		unsigned number;

		if (*c != '\x1b') {
			put_char(screen, *c);
			continue;
		}
		assert_int_equal(c[1], '[');
		number = (unsigned)strtoul(c + 2, &end, 10);
		put_sequence(screen, number, *end);
		c = end;
	}
}

static char *text_of(const struct screen *screen)
{
	struct buf text = BUF_INIT;

	for (unsigned row = 0; row <= screen->last; row++)
		if (screen->lines[row][0] || row < screen->last)
			buf_printf(&text, "%s\n", screen->lines[row]);
	return buf_take(&text);
}

struct show {
	struct progress progress;
	struct screen screen;
	struct progress_view view;
	struct buf all;
};

static struct show *show_new(bool redraws)
{
	struct show *show = memory_new(1, sizeof *show);

	show->progress = (struct progress){ .fd = -1, .verb = PROGRESS_PULL, .redraws = redraws };
	show->view = (struct progress_view){ COLUMNS, ROWS, 1000 };
	return show;
}

static void show_event(struct show *show, const struct spec_transfer_event *event)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	progress_take(&show->progress, event, &show->view, &out);
	put(&show->screen, &out);
	if (out.length)
		buf_add(&show->all, out.data, out.length);
}

static void show_item(struct show *show, const char *item, enum spec_transfer_phase phase, uint64_t current, uint64_t total)
{
	show_event(show, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_ITEM, .item = item, .phase = phase, .current = current, .total = total });
}

static void show_status(struct show *show, const char *text)
{
	show_event(show, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_STATUS, .text = text });
}

static void show_end(struct show *show, const char *expected)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_free_ char *text = NULL;

	progress_finish(&show->progress, &show->view, &out);
	put(&show->screen, &out);
	text = text_of(&show->screen);
	assert_string_equal(text, expected);
	buf_done(&show->all);
	free(show);
}

static void expect(struct show *show, const char *expected)
{
	_cleanup_free_ char *text = text_of(&show->screen);

	assert_string_equal(text, expected);
}

static void test_bars(void **state _unused_)
{
	struct show *show = show_new(true);

	show_status(show, "latest: Pulling from library/debian");
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_WAITING, 0, 0);
	show_item(show, "bbbbbbbbbbbb", SPEC_TRANSFER_EXISTS, 0, 0);
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_DOWNLOADING, 0, 100);
	expect(show, "latest: Pulling from library/debian\n"
		     "aaaaaaaaaaaa: Downloading  [>               ]       0B/100B\n"
		     "bbbbbbbbbbbb: Already exists\n");
	/* Not more often than anybody can see. */
	show->view.now_ms += 50;
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_DOWNLOADING, 40, 100);
	expect(show, "latest: Pulling from library/debian\n"
		     "aaaaaaaaaaaa: Downloading  [>               ]       0B/100B\n"
		     "bbbbbbbbbbbb: Already exists\n");
	show->view.now_ms += 50;
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_DOWNLOADING, 50, 100);
	expect(show, "latest: Pulling from library/debian\n"
		     "aaaaaaaaaaaa: Downloading  [========>       ]      50B/100B\n"
		     "bbbbbbbbbbbb: Already exists\n");
	/* A line in between, and one after everything. */
	show_status(show, "a warning\x1b");
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_EXTRACTING, 100, 100);
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_COMPLETE, 100, 100);
	show_status(show, "the end");
	show_end(show, "latest: Pulling from library/debian\na warning?\naaaaaaaaaaaa: Pull complete\nbbbbbbbbbbbb: Already exists\nthe end\n");
}

/* More layers than rows: what is finished scrolls away, and all are there in the end. */
static void test_many_layers(void **state _unused_)
{
	struct show *show = show_new(true);
	_cleanup_buf_ struct buf expected = BUF_INIT;
	char name[13];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "%012u", i);
		show_item(show, name, SPEC_TRANSFER_WAITING, 0, 0);
		buf_printf(&expected, "%s: Pull complete\n", name);
	}
	expect(show, "000000000000: Waiting\n000000000001: Waiting\n000000000002: Waiting\n000000000003: Waiting\n000000000004: Waiting\n"
		     "000000000005: Waiting\n14 more\n");
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "%012u", (i * 7) % 20);
		show_item(show, name, SPEC_TRANSFER_DOWNLOADING, i, 0);
		show_item(show, name, SPEC_TRANSFER_COMPLETE, 0, 0);
	}
	show_end(show, expected.data);
}

/* Unknown sizes, and a terminal without room for a bar. */
static void test_narrow(void **state _unused_)
{
	struct show *show = show_new(true);

	show->view.columns = 40;
	show_item(show, "aaaaaaaaaaaa", SPEC_TRANSFER_DOWNLOADING, 12345678, 0);
	show_item(show, "bbbbbbbbbbbb", SPEC_TRANSFER_DOWNLOADING, 1000, 20000000);
	expect(show, "aaaaaaaaaaaa: Downloading   12.35MB\nbbbbbbbbbbbb: Downloading      1kB/20MB\n");
	show->view.columns = 20;
	show->view.now_ms += 1000;
	show_item(show, "bbbbbbbbbbbb", SPEC_TRANSFER_DOWNLOADING, 1000, 20000000);
	show_end(show, "aaaaaaaaaaaa: Downl\nbbbbbbbbbbbb: Downl\n");
}

/* A line for each thing that happens, none for how far it is. */
static void test_plain(void **state _unused_)
{
	struct show *show = show_new(false);

	show->progress.verb = PROGRESS_PUSH;
	show_status(show, "hello");
	show_item(show, "a", SPEC_TRANSFER_UPLOADING, 0, 100);
	show_item(show, "a", SPEC_TRANSFER_UPLOADING, 50, 100);
	show_event(show, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_ITEM, .item = "b", .phase = SPEC_TRANSFER_MOUNTED, .detail = "library/x" });
	show_item(show, "a", SPEC_TRANSFER_COMPLETE, 100, 100);
	assert_string_equal(show->all.data, "hello\na: Pushing\nb: Mounted from library/x\na: Pushed\n");
	show_end(show, "hello\na: Pushing\nb: Mounted from library/x\na: Pushed\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_many_layers),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests_name("cli/progress", tests, NULL, NULL);
}
