/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of an SQLite database that strangers made, read as bytes: no
 * journal, no index, no query. The format: https://www.sqlite.org/fileformat2.html.
 */
#ifndef BIVY_BUILD_SQLITE_TABLE_H
#define BIVY_BUILD_SQLITE_TABLE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* A value of a row: the bytes of a text or a blob; of anything else .bytes is NULL. */
struct sqlite_value {
	const uint8_t *bytes;
	size_t length;
	int64_t integer;
};

/* Its first values; those that the row does not have are 0. They live until the call returns. A negative errno ends the reading. */
#define SQLITE_VALUES 5
typedef int sqlite_each(void *context, const struct sqlite_value values[SQLITE_VALUES]);

/*
 * Calls EACH for the rows of the TABLE of the file that BYTES are of, in their
 * order. ERROR_INVALID: it is none, or damaged; ERROR_NOT_FOUND: it has no such
 * table. Bounded by LENGTH, whatever is in it.
 */
int sqlite_table_read(const uint8_t *bytes, size_t length, const char *table, sqlite_each *each, void *context, struct error *err) _must_check_;

#endif
