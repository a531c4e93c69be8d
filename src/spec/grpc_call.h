/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the program that speaks gRPC (bivy-grpc) and the one that has the engine
 * talk of one call: frames on a stream socket of its own, both ways.
 *
 *   who calls:    HEAD, MESSAGE…, END
 *   who answers:  MESSAGE…, STATUS
 *
 * A socket that is closed before STATUS is a call that was given up.
 */
#ifndef BIVY_SPEC_GRPC_CALL_H
#define BIVY_SPEC_GRPC_CALL_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_GRPC_PREFIX 8                     /* bytes that a frame begins with */
#define SPEC_GRPC_MESSAGE_LIMIT (16u << 20)    /* bytes of a message, as BuildKit's own */
#define SPEC_GRPC_HEAD_LIMIT (256u << 10)      /* of a HEAD or a STATUS */
#define SPEC_GRPC_METADATA_LIMIT 4096          /* pairs of one */

enum spec_grpc_kind {
	SPEC_GRPC_HEAD = 1, /* struct spec_grpc_head */
	SPEC_GRPC_MESSAGE,  /* a message, as it is */
	SPEC_GRPC_END,      /* there will be no more messages; nothing */
	SPEC_GRPC_STATUS,   /* struct spec_grpc_status */
};

/* The codes of gRPC that are used here. */
enum spec_grpc_code {
	SPEC_GRPC_OK = 0,
	SPEC_GRPC_CANCELED = 1,
	SPEC_GRPC_UNKNOWN = 2,
	SPEC_GRPC_INVALID_ARGUMENT = 3,
	SPEC_GRPC_NOT_FOUND = 5,
	SPEC_GRPC_ALREADY_EXISTS = 6,
	SPEC_GRPC_PERMISSION_DENIED = 7,
	SPEC_GRPC_RESOURCE_EXHAUSTED = 8,
	SPEC_GRPC_FAILED_PRECONDITION = 9,
	SPEC_GRPC_UNIMPLEMENTED = 12,
	SPEC_GRPC_INTERNAL = 13,
	SPEC_GRPC_UNAVAILABLE = 14,
};

struct spec_grpc_head {
	char *method; /* "/moby.buildkit.v1.Control/Info" */
	struct spec_pair *metadata; /* keys in lower case; one may be there several times */
	size_t count;
};

struct spec_grpc_status {
	uint32_t code;
	char *message;
	const unsigned char *details; /* a google.rpc.Status, or nothing */
	size_t details_length;
};

/* Adds a frame's first bytes, behind which LENGTH others are to follow. */
void spec_grpc_prefix_encode(enum spec_grpc_kind kind, size_t length, struct buf *out);
/* -EBADMSG for what is none, or more than it may be. */
int spec_grpc_prefix_decode(const unsigned char bytes[static SPEC_GRPC_PREFIX], enum spec_grpc_kind *ret_kind, uint32_t *ret_length) _must_check_;

/* Adds the whole frame. -E2BIG beyond the limits above, *OUT being as it was. */
int spec_grpc_head_encode(const struct spec_grpc_head *head, struct buf *out) _must_check_;
int spec_grpc_status_encode(const struct spec_grpc_status *status, struct buf *out) _must_check_;
int spec_grpc_message_encode(const void *bytes, size_t length, struct buf *out) _must_check_;

/* What follows the prefix. *RET and its texts live in the arena, .details in BYTES. -EBADMSG. */
int spec_grpc_head_decode(struct arena *arena, const void *bytes, size_t length, struct spec_grpc_head *ret) _must_check_;
int spec_grpc_status_decode(struct arena *arena, const void *bytes, size_t length, struct spec_grpc_status *ret) _must_check_;

/* The first value of KEY, or NULL. */
const char *spec_grpc_metadata(const struct spec_grpc_head *head, const char *key);

/* "grpc-message" in a header: bytes that are none of printable ASCII as %XX; and back, whatever it is. */
void spec_grpc_text_encode(const char *text, struct buf *out);
void spec_grpc_text_decode(const char *text, size_t length, struct buf *out);

#endif
