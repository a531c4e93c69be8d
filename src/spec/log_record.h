/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of a container's output as the log driver `local` keeps it. A segment
 * is a header, then records; a record can be found from its end, too, so that
 * the last lines are read without the first.
 *
 *   segment  "bivylog1"
 *   record   u32 length of text | u8 stream | u8 flags | i64 time, ns since 1970 | text | u32 length of text
 *
 * Numbers are little-endian. A record whose two lengths differ, or that ends
 * behind the file's end, is where a full disk or a killed writer cut it off:
 * what is behind it up to the end of the segment is lost, and no error.
 *
 * Segments have ascending numbers, the highest is written: "00000001.log".
 * "00000001.log.zst" takes the place of one that is not written any more; for a
 * moment both are there.
 */
#ifndef BIVY_SPEC_LOG_RECORD_H
#define BIVY_SPEC_LOG_RECORD_H

#include "base/str.h"

#include <stdbool.h>

#define SPEC_LOG_MAGIC "bivylog1"
#define SPEC_LOG_TEXT_LIMIT (16u << 10) /* a longer line is several records, all but the last partial */

#define SPEC_LOG_SEGMENT_NAME 32 /* bytes of a segment's name */

struct spec_pair;

struct spec_log_record {
	int stream; /* 1 standard output, 2 standard error */
	bool partial; /* the line goes on in the next record of the stream */
	int64_t time_ns;
	const char *text; /* without the newline */
	uint32_t length;
	/* What went along, of the drivers that keep that; only decoded. */
	const struct spec_pair *attributes;
	size_t attribute_count;
};

void spec_log_record_encode(const struct spec_log_record *record, struct buf *out);

/* The record at the beginning of BYTES, or the one that ends at their end; -ENODATA if they do not hold a whole one, -EBADMSG if it is none. */
int spec_log_record_decode(const void *bytes, size_t length, struct spec_log_record *ret, size_t *ret_length) _must_check_;
int spec_log_record_decode_last(const void *bytes, size_t length, struct spec_log_record *ret, size_t *ret_length) _must_check_;

void spec_log_segment_name(uint64_t number, char ret[static SPEC_LOG_SEGMENT_NAME]);

/* The number of the segment that is called NAME, in either form; 0 for a name that none has. *RET_IS_COMPRESSED, which may be NULL: in which. */
uint64_t spec_log_segment_number(const char *name, bool *ret_is_compressed);

#endif
