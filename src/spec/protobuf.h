/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers as far as BuildKit's messages need them
 * (https://protobuf.dev/programming-guides/encoding): a message is read field by
 * field, in the order in which they came, and written likewise. Pure.
 */
#ifndef BIVY_SPEC_PROTOBUF_H
#define BIVY_SPEC_PROTOBUF_H

#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"

/* What is left of a message; the bytes are the caller's. */
struct protobuf {
	const unsigned char *at;
	size_t length;
};

enum protobuf_type {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2,
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_type type;
	uint64_t value;             /* of all types but BYTES */
	const unsigned char *bytes; /* of BYTES; in the message */
	size_t length;
};

#define PROTOBUF(bytes_, length_) ((struct protobuf){ .at = (const unsigned char *)(bytes_), .length = (length_) })

/* The next field: 1; 0 at the end. -EBADMSG for what is none, or a group, which nobody writes any more. */
int protobuf_next(struct protobuf *message, struct protobuf_field *ret) _must_check_;

/* Of a field of BYTES: the message in it; its text, in the arena, or NULL if there is a NUL in it. Others have none of either. */
struct protobuf protobuf_message(const struct protobuf_field *field);
char *protobuf_text(struct arena *arena, const struct protobuf_field *field);

/* An entry of a map<string, string>: both are "" if left out. -EBADMSG. */
int protobuf_pair(struct arena *arena, const struct protobuf_field *field, struct spec_pair *ret) _must_check_;

#define PROTOBUF_PAIR_LIMIT 65536 /* entries of a list or a map that is read */

/* Adds a text, or an entry, behind *COUNT others in the arena. -EBADMSG for what is none, or too many. */
int protobuf_add_to_list(struct arena *arena, const struct protobuf_field *field, char ***list, size_t *count) _must_check_;
int protobuf_add_to_map(struct arena *arena, const struct protobuf_field *field, struct spec_pair **map, size_t *count) _must_check_;

/* ---- writing: adds the field NUMBER to *OUT; what has its default value, or is NULL, is left out ---- */

void protobuf_write_uint(struct buf *out, uint32_t number, uint64_t value);
void protobuf_write_text(struct buf *out, uint32_t number, const char *text);
/* These are written if they are empty, too. */
void protobuf_write_bytes(struct buf *out, uint32_t number, const void *bytes, size_t length);
void protobuf_write_pair(struct buf *out, uint32_t number, const char *key, const char *value);
/* A google.protobuf.Timestamp of nanoseconds since 1970; 0: no time. */
void protobuf_write_time(struct buf *out, uint32_t number, int64_t ns);

#endif
