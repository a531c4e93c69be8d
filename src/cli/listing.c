/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"
#include "base/printable.h"

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

static void set_text(struct json *member, const char *text)
{
	member->text = text;
	member->length = (uint32_t)strlen(text);
}

/* The text of a table's cell: one line, whatever images and containers say of themselves. */
static const char *clean(struct listing *listing, const char *text)
{
	size_t length = strlen(text);
	char *copy;

	for (size_t i = 0; i < length; i++) {
		if (!printable_control_length(text + i, length - i))
			continue;
		copy = arena_strdup(listing->arena, text);
		for (char *c = copy + i; *c; c++)
			if (*c == '\t' || *c == '\n')
				*c = ' ';
		printable_replace(copy + i, length - i, "", '?');
		return copy;
	}
	return text;
}

static void set_cell(struct listing *listing, struct json *member, const char *text)
{
	set_text(member, listing->is_table ? clean(listing, text) : text);
}

void listing_set(struct listing *listing, const char *name, const char *text)
{
	struct json *member = listing->members;

	while (!str_equal(member->key, name))
		member++;
	set_cell(listing, member, text);
}

void listing_fill(struct listing *listing, const void *row)
{
	for (size_t i = 0; listing->fields[i].name; i++)
		if (listing->shown[i])
			set_cell(listing, &listing->members[i], listing->fields[i].text(row));
}

int listing_add_row(struct listing *listing, struct error *err)
{
	int r = template_run(listing->template, &listing->row, NULL, &listing->text, err);

	buf_add_char(&listing->text, '\n');
	for (struct json *member = listing->members; member->key; member++)
		set_text(member, "");
	return r;
}

int listing_render_row(struct listing *listing, const char **ret, struct error *err)
{
	size_t before = listing->text.length;
	int r = listing_add_row(listing, err);

	*ret = arena_strndup(listing->arena, listing->text.data + before, listing->text.length - before);
	listing->text.length = before;
	return r;
}

void listing_add_rendered(struct listing *listing, const char *row)
{
	buf_add_text(&listing->text, row);
}

/* Behind "{{.NAME}}" at AT; NULL if that is not what is there. */
static const char *skip_field(const char *at, const char *name, size_t length)
{
	if (strncmp(at, "{{.", 3) != 0 || (name && strncmp(at + 3, name, length) != 0))
		return NULL;
	at += 3 + length;
	return length && strncmp(at, "}}", 2) == 0 ? at + 2 : NULL;
}

/* Whether TEMPLATE, if it is one of columns "{{.Name}}", has none that is called NAME. Of others, nobody knows. */
static bool leaves_out(const char *template, const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	while ((template = strstr(template, "{{"))) {
		if (skip_field(template, name, strlen(name)))
			return false;
		template = skip_field(template, NULL, strncmp(template, "{{.", 3) == 0 ? strspn(template + 3, letters) : 0);
		if (!template)
			return false;
	}
	return true;
}

static void find_shown(struct listing *listing, const char *template)
{
	for (size_t i = 0; listing->fields[i].name; i++)
		listing->shown[i] = !leaves_out(template, listing->fields[i].name);
}

static void make_row(struct listing *listing)
{
	size_t count = 0;

	while (listing->fields[count].name)
		count++;
	listing->members = arena_alloc(listing->arena, count + 1, sizeof *listing->members);
	listing->shown = arena_alloc(listing->arena, count, sizeof *listing->shown);
	for (size_t i = 0; i < count; i++) {
		listing->members[i] = (struct json){ .key = listing->fields[i].name, .type = JSON_STRING };
		listing->members[i].next = i + 1 < count ? &listing->members[i + 1] : NULL;
		set_text(&listing->members[i], "");
	}
	listing->row = (struct json){ .type = JSON_OBJECT, .first = listing->members, .length = (uint32_t)count };
}

/* The first row of a table. */
static int add_headers(struct listing *listing, struct error *err)
{
	for (size_t i = 0; listing->fields[i].name; i++)
		set_text(&listing->members[i], listing->fields[i].header);
	return listing_add_row(listing, err);
}

int listing_begin(struct listing *listing, const struct listing_field *fields, const char *format, const char *usual, struct error *err)
{
	static const char table[] = "table";
	const char *template = format;
	int r;

	*listing = (struct listing){ .arena = arena_new(), .fields = fields };
	make_row(listing);
	if (str_is_empty(format) || str_equal(format, table)) {
		listing->is_table = true;
		template = usual;
	} else if (str_equal(format, "json")) {
		template = "{{json .}}";
	} else if (str_starts_with(format, table) && format[strlen(table)] == ' ') {
		listing->is_table = true;
		template = format + strlen(table) + strspn(format + strlen(table), " ");
	}
	find_shown(listing, template);
	r = template_parse(listing->arena, listing_unescape(listing->arena, template), &listing->template, err);
	if (r == 0 && listing->is_table)
		r = add_headers(listing, err);
	return r;
}

void listing_done(struct listing *listing)
{
	if (listing->arena)
		arena_free(listing->arena);
	buf_done(&listing->text);
	*listing = LISTING_INIT;
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

/* Whatever a format has made of it. */
static void add_cell(struct buf *out, const char *cell, size_t length)
{
	size_t start = out->length;

	buf_add(out, cell, length);
	printable_replace(out->data + start, length, "", '?');
}

static void add_spaces(struct buf *out, size_t count)
{
	static const char spaces[] = "                                ";

	for (; count > sizeof spaces - 1; count -= sizeof spaces - 1)
		buf_add(out, spaces, sizeof spaces - 1);
	buf_add(out, spaces, count);
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
				add_spaces(out, widths[column] - width_of(start, length));
		}
		buf_add_char(out, '\n');
	}
}
