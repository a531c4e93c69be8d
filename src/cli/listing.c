/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

/* Of docker's tables. */
#define COLUMN_MINIMUM 10
#define COLUMN_GAP 3

char *listing_unescape(struct arena *arena, const char *format)
{
	char *text = arena_strdup(arena, format), *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && (from[1] == 't' || from[1] == 'n'))
			*to++ = *++from == 't' ? '\t' : '\n';
		else
			*to++ = *from;
	}
	*to = '\0';
	return text;
}

/* ---- rows ---------------------------------------------------------------------- */

static int add(struct listing *listing, const struct json *row, struct error *err)
{
	static const char *const maps[] = { "Labels", NULL };
	int r = template_run(listing->template, row, maps, &listing->text, err);

	buf_add_char(&listing->text, '\n');
	return r;
}

/* The first row of a table. */
static int add_headers(struct listing *listing, struct error *err)
{
	struct json row = { .type = JSON_OBJECT }, **place = &row.first;

	for (const struct listing_field *field = listing->fields; field->name; field++) {
		const char *header = field->header ? field->header : "";

		*place = arena_alloc(listing->arena, 1, sizeof **place);
		**place = (struct json){ .key = field->name, .type = JSON_STRING, .text = header, .length = (uint32_t)strlen(header) };
		place = &(*place)->next;
		row.length++;
	}
	return add(listing, &row, err);
}

int listing_begin(struct listing *listing, const struct listing_field *fields, const char *format, const char *usual, struct error *err)
{
	static const char table[] = "table";
	const char *template = format;
	int r;

	*listing = (struct listing){ .arena = arena_new(), .fields = fields };
	if (str_is_empty(format) || str_equal(format, table)) {
		listing->is_table = true;
		template = usual;
	} else if (str_equal(format, "json")) {
		template = "{{json .}}";
	} else if (str_starts_with(format, table) && format[strlen(table)] == ' ') {
		listing->is_table = true;
		template = format + strlen(table) + strspn(format + strlen(table), " ");
	}
	r = template_parse(listing->arena, listing_unescape(listing->arena, template), &listing->template, err);
	if (r == 0 && listing->is_table)
		r = add_headers(listing, err);
	return r;
}

void listing_done(struct listing *listing)
{
	if (listing->arena)
		arena_free(listing->arena);
	buf_done(&listing->row);
	buf_done(&listing->text);
	*listing = LISTING_INIT;
}

struct json_writer *listing_begin_row(struct listing *listing)
{
	listing->row.length = 0;
	listing->w = (struct json_writer){ .out = &listing->row };
	json_write_open(&listing->w, NULL, '{');
	return &listing->w;
}

int listing_add_row(struct listing *listing, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct json *row = NULL;
	int r;

	json_write_close(&listing->w, '}');
	r = json_parse(arena, listing->row.data, listing->row.length, &row, err);
	return r < 0 ? r : add(listing, row, err);
}

/* ---- tables ------------------------------------------------------------------------ */

/* Columns that CELL takes on a terminal. */
static size_t width_of(const char *cell, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)cell[i] & 0xc0) != 0x80;
	return width;
}

/* The next cell of a line; *CELL moves behind it, to NULL after the last. */
static size_t take_cell(const char **cell)
{
	size_t length = strcspn(*cell, "\t\n");

	*cell = (*cell)[length] == '\t' ? *cell + length + 1 : NULL;
	return length;
}

static size_t *measure(const struct listing *listing, const char *text)
{
	size_t columns = 1, *widths;

	for (const char *c = text; *c; c++)
		columns += *c == '\t';
	widths = arena_alloc(listing->arena, columns, sizeof *widths);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t column = 0;

		for (const char *cell = line; cell; column++) {
			const char *start = cell;
			size_t width = width_of(start, take_cell(&cell)) + COLUMN_GAP;

			width = width < COLUMN_MINIMUM ? COLUMN_MINIMUM : width;
			widths[column] = width > widths[column] ? width : widths[column];
		}
	}
	return widths;
}

/* What images say of themselves must not write to the terminal. */
static void add_cell(struct buf *out, const char *cell, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buf_add_char(out, (unsigned char)cell[i] < 0x20 || cell[i] == 0x7f ? '?' : cell[i]);
}

void listing_finish(struct listing *listing, struct buf *out)
{
	const char *text = listing->text.data ? listing->text.data : "";
	const size_t *widths;

	if (!listing->is_table) {
		buf_add(out, text, listing->text.length);
		return;
	}
	widths = measure(listing, text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t column = 0;

		for (const char *cell = line; cell; column++) {
			const char *start = cell;
			size_t length = take_cell(&cell);

			add_cell(out, start, length);
			if (cell)
				buf_printf(out, "%*s", (int)(widths[column] - width_of(start, length)), "");
		}
		buf_add_char(out, '\n');
	}
}
