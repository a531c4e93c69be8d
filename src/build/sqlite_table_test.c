/* SPDX-License-Identifier: Apache-2.0 */
#include "build/sqlite_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PAGE 512
#define PAGES 5
#define LONG 600 /* bytes of the second row's value: they go on in a page of their own */

static uint8_t file[PAGE * PAGES];

static uint8_t *page(unsigned number)
{
	return file + (number - 1) * PAGE;
}

/* A page of a table's tree with one cell at its end; CHILD: the right-most, of an inner one. */
static void put_page(unsigned number, uint8_t kind, uint8_t child, const void *cell, size_t length)
{
	uint8_t *at = page(number), *head = at + (number == 1 ? 100 : 0), *pointer = head + (kind == 5 ? 12 : 8);
	size_t start = PAGE - length;

	head[0] = kind;
	head[4] = 1;
	if (kind == 5)
		head[11] = child;
	pointer[0] = (uint8_t)(start >> 8);
	pointer[1] = (uint8_t)start;
	memcpy(at + start, cell, length);
}

/* The schema; an inner page; two leaves, of "hello" and of LONG times 'x'. */
static void make_file(void)
{
	static const char header[16] = "SQLite format 3";
	uint8_t row[2 + 1 + 4 + 92 + 4] = { 0x84, 0x5c, 2, 4, 0, 0x89, 0x3c }; /* 604 bytes, row 2; its header: NULL, a blob of LONG */

	memset(file, 0, sizeof file);
	memcpy(file, header, sizeof header);
	file[16] = PAGE >> 8;
	put_page(1, 0x0d, 0, "\x1d\x01" "\x06\x17\x1d\x1d\x01\x0f" "table" "Packages" "Packages" "\x02" "x", 31);
	put_page(2, 0x05, 4, "\0\0\0\x03\x01", 5);
	put_page(3, 0x0d, 0, "\x08\x01" "\x03\0\x16" "hello", 10);
	memset(row + 7, 'x', 92);
	row[sizeof row - 1] = 5;
	put_page(4, 0x0d, 0, row, sizeof row);
	memset(page(5) + 4, 'x', LONG - 92);
}

struct seen {
	unsigned count;
	size_t lengths[4];
	int answer;
};

static int see(void *context, const struct sqlite_value values[SQLITE_VALUES])
{
	struct seen *seen = context;

	assert_null(values[0].bytes);
	assert_non_null(values[1].bytes);
	assert_null(values[2].bytes);
	assert_true(seen->count < 4);
	seen->lengths[seen->count++] = values[1].length;
	for (size_t i = 0; values[1].length == LONG && i < LONG; i++)
		assert_int_equal(values[1].bytes[i], 'x');
	return seen->answer;
}

static void test_rows(void **state)
{
	struct seen seen = { .count = 0 };
	struct error err = ERROR_INIT;

	(void)state;
	make_file();
	assert_int_equal(sqlite_table_read(file, sizeof file, "Packages", see, &seen, &err), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.lengths[0], 5);
	assert_int_equal(seen.lengths[1], LONG);
	assert_true(sqlite_table_read(file, sizeof file, "Package", see, &seen, &err) < 0);
	assert_string_equal(err.message, "the SQLite database has no table 'Package'");
	seen = (struct seen){ .answer = -EINTR };
	assert_int_equal(sqlite_table_read(file, sizeof file, "Packages", see, &seen, &err), -EINTR);
	assert_int_equal(seen.count, 1);
}

static int ignore(void *context, const struct sqlite_value values[SQLITE_VALUES])
{
	(void)context;
	(void)values;
	return 0;
}

static void assert_damaged(size_t length)
{
	struct error err = ERROR_INIT;

	assert_true(sqlite_table_read(file, length, "Packages", ignore, NULL, &err) < 0);
	assert_string_equal(err.message, "the SQLite database is damaged");
}

static void test_damage(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_file();
	for (size_t length = 2 * PAGE; length < sizeof file; length += PAGE)
		assert_damaged(length);
	assert_true(sqlite_table_read(file, 100, "Packages", ignore, NULL, &err) < 0);
	assert_string_equal(err.message, "it is no SQLite database");
	page(2)[11] = 2; /* itself */
	assert_damaged(sizeof file);
	make_file();
	page(3)[PAGE - 7] = 0x7e; /* a value longer than its row */
	assert_damaged(sizeof file);
	make_file();
	page(4)[PAGE - 1] = 9; /* goes on where there is nothing */
	assert_damaged(sizeof file);
	make_file();
	page(3)[4] = 0xff; /* more cells than there is room for */
	page(3)[3] = 0xff;
	assert_damaged(sizeof file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_damage) };

	return cmocka_run_group_tests_name("build/sqlite_table", tests, NULL, NULL);
}
