/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, as --format wants them: a table, a template for each row, or JSON.
 * A row is a JSON object; all of a list's rows have the same members.
 */
#ifndef BIVY_CLI_LISTING_H
#define BIVY_CLI_LISTING_H

#include "base/error.h"
#include "base/json.h"
#include "base/template.h"

struct listing_field {
	const char *name;   /* "CreatedSince" */
	const char *header; /* "CREATED"; NULL: it has none */
};

struct listing {
	struct arena *arena;
	const struct listing_field *fields; /* the last has no name */
	struct template *template;
	bool is_table;
	struct buf row;     /* where the next one is written */
	struct json_writer w;
	struct buf text;    /* the rows so far; cells parted by tabs */
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

/* To write the next row's members to; then listing_add_row(). */
struct json_writer *listing_begin_row(struct listing *listing);
int listing_add_row(struct listing *listing, struct error *err) _must_check_;

/* Adds it all to *OUT. */
void listing_finish(struct listing *listing, struct buf *out);

#define _cleanup_listing_ _cleanup_(listing_done)

/* FORMAT with "\t" and "\n" replaced, in the arena. */
char *listing_unescape(struct arena *arena, const char *format);

#endif
