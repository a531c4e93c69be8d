/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) read into a tree in an arena, and written to a buffer.
 *
 * Integers keep all 64 bits: a number without fraction or exponent that fits
 * is JSON_INT (negative) or JSON_UINT (zero and up), any other JSON_REAL. Text
 * is checked UTF-8. Depth, size and duplicate keys are bounded as said below.
 */
#ifndef BIVY_BASE_JSON_H
#define BIVY_BASE_JSON_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_INT, JSON_UINT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* 32 bytes, so that a big document costs few pages. */
struct json {
	const char *key;   /* the member's name inside an object, else NULL */
	struct json *next; /* the next member or element */
	union {
		bool boolean;
		int64_t integer;
		uint64_t unsigned_integer;
		double real;
		const char *text;   /* NUL-terminated; a "\u0000" inside a string is refused */
		struct json *first; /* of an array or object */
	};
	uint32_t length; /* bytes of text; number of members or elements */
	enum json_type type;
};

#define JSON_DEPTH_LIMIT 64
#define JSON_VALUE_LIMIT (1u << 18) /* values in one document */
#define JSON_BYTES_LIMIT (1u << 28)

/*
 * Decodes LENGTH bytes (which need not be terminated). A duplicate key is an
 * error, as are bytes behind the value, and a document beyond one of the
 * limits above. The message says "line L, column C: …". The tree holds nothing
 * of TEXT.
 */
int json_parse(struct arena *arena, const char *text, size_t length, struct json **ret, struct error *err) _must_check_;

/* The member called NAME of an object, or NULL. */
const struct json *json_member(const struct json *object, const char *name);

/* "object", "array", "string", "integer", "number", "boolean", "null". */
const char *json_type_name(enum json_type type);

/*
 * Writing. Calls nest: open, members or elements, close. KEY is NULL inside an
 * array and at the top. INDENT is the number of spaces per level; 0 writes one
 * line. Bytes that are no UTF-8 come out as U+FFFD, so that the result always
 * is JSON.
 */
struct json_writer {
	struct buf *out;
	int indent;
	int depth;
	bool need_comma;
	const char *invalid; /* the first text that did not come out as it was, or NULL */
};

void json_write_open(struct json_writer *w, const char *key, char bracket); /* '{' or '[' */
void json_write_close(struct json_writer *w, char bracket);                 /* '}' or ']' */
void json_write_string(struct json_writer *w, const char *key, const char *text); /* NULL writes null */
void json_write_bytes(struct json_writer *w, const char *key, const char *bytes, size_t length); /* a string; a NUL comes out as U+FFFD, too */
void json_write_int(struct json_writer *w, const char *key, int64_t value);
void json_write_uint(struct json_writer *w, const char *key, uint64_t value);
void json_write_real(struct json_writer *w, const char *key, double value);
void json_write_bool(struct json_writer *w, const char *key, bool value);
void json_write_null(struct json_writer *w, const char *key);
void json_write_value(struct json_writer *w, const char *key, const struct json *value); /* a whole tree */

#endif
