/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of a container's output as docker's log driver "json-file" keeps it,
 * and journalctl(1) prints it: a JSON object a line.
 *
 * The driver's files have docker's names: "ID-json.log" is written,
 * "ID-json.log.1" came before it, and so on, compressed ones with ".gz" behind.
 */
#ifndef BIVY_SPEC_LOG_LINE_H
#define BIVY_SPEC_LOG_LINE_H

#include "base/error.h"
#include "base/memory.h"
#include "spec/log_record.h"

#include <limits.h>

#define SPEC_LOG_LINE_LIMIT (256u << 10) /* bytes of one: six for each of the text's, and what goes along */

/*
 * Adds it, with a newline. ATTRIBUTES is a JSON object that goes along, or NULL.
 * Bytes that are no UTF-8, and NULs, come out as U+FFFD: that is this driver's
 * limit.
 */
void spec_log_line_encode(const struct spec_log_record *record, const char *attributes, struct buf *out);

/* From a line with or without its newline; the text is the arena's. */
int spec_log_line_decode(struct arena *arena, const char *line, size_t length, struct spec_log_record *ret, struct error *err) _must_check_;

/* The same from what `journalctl --output=json --all` prints of an entry that the driver journald wrote. */
int spec_log_line_decode_journal(struct arena *arena, const char *line, size_t length, struct spec_log_record *ret, struct error *err) _must_check_;

/* The name of container ID's file that is AGE rotations old. */
void spec_log_line_name(const char *id, int64_t age, bool is_compressed, char ret[static NAME_MAX + 1]);

/* The age of the file NAME, or -1 if it is none of ID's. */
int64_t spec_log_line_age(const char *id, const char *name, bool *ret_is_compressed);

#endif
