/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads syscall_table.txt on standard input and writes the arrays that
 * syscall_table.h declares. Runs while the project is built, on the machine
 * that builds; refuses what it does not understand.
 */
#include "host/syscall_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char names[SYSCALL_ROW_LIMIT][64];
static long numbers[SYSCALL_ROW_LIMIT][SYSCALL_COLUMN_COUNT];
static unsigned rows, line_number;

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "syscall_table.txt:%u: ", line_number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static const char *next_word(char **rest)
{
	const char *word = strtok_r(NULL, " \n", rest);

	if (!word)
		fail("too few columns");
	return word;
}

static void check_heads(char **rest)
{
	static const char *const heads[] = {
#define X(name) #name,
		SYSCALL_COLUMNS(X)
#undef X
	};

	for (unsigned i = 0; i < SYSCALL_COLUMN_COUNT; i++) {
		const char *word = next_word(rest);

		if (strcmp(word, heads[i]) != 0)
			fail("column %s instead of %s", word, heads[i]);
	}
}

static long parse_number(const char *word)
{
	char *end;
	long number;

	if (strcmp(word, "-") == 0)
		return -1;
	number = strtol(word, &end, 10);
	if (*end || number < 0 || number > 0xfffff)
		fail("'%s' is no number of a system call", word);
	return number;
}

static void read_row(const char *name, char **rest)
{
	if (rows == SYSCALL_ROW_LIMIT)
		fail("more than %d rows", SYSCALL_ROW_LIMIT);
	if (strlen(name) >= sizeof names[0])
		fail("'%s' is too long", name);
	if (rows > 0 && strcmp(names[rows - 1], name) >= 0)
		fail("'%s' is out of order", name);
	strcpy(names[rows], name);
	for (unsigned i = 0; i < SYSCALL_COLUMN_COUNT; i++)
		numbers[rows][i] = parse_number(next_word(rest));
	rows++;
}

static void read_table(void)
{
	char line[512];
	int has_heads = 0;

	while (fgets(line, sizeof line, stdin)) {
		char *rest = NULL;
		const char *first = strtok_r(line, " \n", &rest);

		line_number++;
		if (!first || *first == '#')
			continue;
		if (has_heads)
			read_row(first, &rest);
		else
			check_heads(&rest);
		has_heads = 1;
		if (strtok_r(NULL, " \n", &rest))
			fail("too many columns");
	}
	if (rows == 0)
		fail("no rows");
}

static void write_names(void)
{
	unsigned offset = 0;

	printf("const uint16_t syscall_table_rows = %u;\n\nconst char syscall_table_text[] =\n", rows);
	for (unsigned i = 0; i < rows; i++)
		printf("\t\"%s\\0\"\n", names[i]);
	printf("\t;\n\nconst uint16_t syscall_table_offsets[] = {\n");
	for (unsigned i = 0; i < rows; i++) {
		printf("\t%u,\n", offset);
		offset += (unsigned)strlen(names[i]) + 1;
	}
	printf("};\n\n");
}

static void write_slots(void)
{
	static unsigned slots[SYSCALL_SLOTS];

	for (unsigned i = 0; i < rows; i++) {
		unsigned slot = syscall_table_slot(names[i]);

		while (slots[slot])
			slot = (slot + 1) % SYSCALL_SLOTS;
		slots[slot] = i + 1;
	}
	printf("const uint16_t syscall_table_slots[SYSCALL_SLOTS] = {\n");
	for (unsigned i = 0; i < SYSCALL_SLOTS; i++)
		printf("\t%u,\n", slots[i]);
	printf("};\n\n");
}

static void write_numbers(void)
{
	printf("const int32_t syscall_table_numbers[SYSCALL_COLUMN_COUNT][SYSCALL_ROW_LIMIT] = {\n");
	for (unsigned column = 0; column < SYSCALL_COLUMN_COUNT; column++) {
		printf("\t{\n");
		for (unsigned i = 0; i < rows; i++)
			printf("\t\t%ld,\n", numbers[i][column]);
		printf("\t},\n");
	}
	printf("};\n");
}

static unsigned sorted_column;

static int compare_rows(const void *a, const void *b)
{
	long left = numbers[*(const unsigned *)a][sorted_column], right = numbers[*(const unsigned *)b][sorted_column];

	return left < right ? -1 : left > right;
}

/* The rows that a column has, by number, and -1 behind them. */
static void write_order(void)
{
	static unsigned order[SYSCALL_ROW_LIMIT];

	printf("\nconst int16_t syscall_table_order[SYSCALL_COLUMN_COUNT][SYSCALL_ROW_LIMIT + 1] = {\n");
	for (sorted_column = 0; sorted_column < SYSCALL_COLUMN_COUNT; sorted_column++) {
		unsigned count = 0;

		for (unsigned i = 0; i < rows; i++)
			if (numbers[i][sorted_column] >= 0)
				order[count++] = i;
		qsort(order, count, sizeof order[0], compare_rows);
		printf("\t{\n");
		for (unsigned i = 0; i < count; i++)
			printf("\t\t%u,\n", order[i]);
		printf("\t\t-1,\n\t},\n");
	}
	printf("};\n");
}

int main(void)
{
	read_table();
	printf("/* Made from syscall_table.txt. */\n#include \"host/syscall_table.h\"\n\n");
	write_names();
	write_slots();
	write_numbers();
	write_order();
	return fflush(stdout) == 0 ? 0 : 1;
}
