/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, as --format wants them: a table, a template for each row, or JSON.
 * All rows of a list have the same fields, whose values are texts.
 */
#ifndef BIVY_CLI_LISTING_H
#define BIVY_CLI_LISTING_H

#include "base/error.h"
#include "base/json.h"
#include "base/template.h"

struct listing_field {
	const char *name;   /* "CreatedSince" */
	const char *header; /* "CREATED" */
	const char *(*text)(const void *row); /* for listing_fill(), or NULL */
};

struct listing {
	struct arena *arena;
	const struct listing_field *fields; /* the last has no name */
	struct template *template;
	bool is_table;
	struct json row, *members; /* the next one, an object, and what it has, one for each field */
	bool *shown;               /* whether the format shows it, one for each field */
	struct buf text;           /* the rows so far; cells parted by tabs */
};

#define LISTING_INIT ((struct listing){ .arena = NULL })

/*
 * FORMAT is "table", "json", "table TEMPLATE" or a template, "\t" and "\n" in
 * it standing for those characters; NULL or "" is "table". USUAL is the
 * template of the columns of a table that nobody asked for otherwise.
 */
int listing_begin(struct listing *listing, const struct listing_field *fields, const char *format, const char *usual, struct error *err)
	_must_check_;
void listing_done(struct listing *listing);

/* Gives the field NAME, which must be one, its value in the next row; TEXT must stay until that is added. Those not given are empty. */
void listing_set(struct listing *listing, const char *name, const char *text);
/* Gives those fields that the format shows what .text makes of ROW. */
void listing_fill(struct listing *listing, const void *row);
int listing_add_row(struct listing *listing, struct error *err) _must_check_;

/* The next row, for who knows its place later, when listing_add_rendered() is to put it there. It lives with the listing. */
int listing_render_row(struct listing *listing, const char **ret, struct error *err) _must_check_;
void listing_add_rendered(struct listing *listing, const char *row);

/* Adds it all to *OUT. Cells of a table have '?' in place of control characters. */
void listing_finish(struct listing *listing, struct buf *out);

#define _cleanup_listing_ _cleanup_(listing_done)

/* FORMAT with "\t" and "\n" replaced, in the arena. */
char *listing_unescape(struct arena *arena, const char *format);

#endif
