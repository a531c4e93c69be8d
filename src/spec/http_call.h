/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the program that speaks HTTP (bivy-http) and the one that has the engine
 * (bivy-server) talk of one request.
 *
 * bivy-http sends the head of a request as one packet, with one end of a pair
 * of stream sockets, the call. On that go the request's body one way, ended by
 * shutdown(2) (but see spec_http_wants_upgrade()), and the reply the other: its head, and then its body to the
 * end. A descriptor along with a byte that is none of the body breaks the reply
 * off: what has begun as a whole one does not end like one. If the reply's head says that the protocol changes, the client's own
 * socket comes over the call, and HTTP has no more to do with it.
 */
#ifndef BIVY_SPEC_HTTP_CALL_H
#define BIVY_SPEC_HTTP_CALL_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_HTTP_REQUEST_LIMIT (32u << 10) /* bytes of a request's head */
#define SPEC_HTTP_REPLY_LIMIT (64u << 10)   /* and of a reply's */
#define SPEC_HTTP_HEADER_LIMIT 100          /* headers of one */

struct spec_http_request {
	char *method;  /* "GET" */
	char *target;  /* path and query, as they came */
	struct spec_pair *headers; /* names as they came */
	size_t header_count;
};

struct spec_http_reply {
	uint32_t status;
	bool upgrades;   /* to another protocol: the status is 101 */
	bool has_length; /* of the body is known; else it ends with the call */
	uint64_t length;
	struct spec_pair *headers;
	size_t header_count;
};

/*
 * What bivy-http counts, in memory that it shares with bivy-server: it adds,
 * atomically, and whoever reads believes no more than that these are numbers.
 */
struct spec_http_counts {
	int64_t since_ns;      /* since 1970: when the server began */
	uint64_t replies[6];   /* by the first digit of their status */
};

/* Bytes that a reply's head begins with: the length of what follows. */
#define SPEC_HTTP_PREFIX 4

/* Adds the packet. -E2BIG beyond the limits above, *OUT being as it was. */
int spec_http_request_encode(const struct spec_http_request *request, struct buf *out) _must_check_;
int spec_http_reply_encode(const struct spec_http_reply *reply, struct buf *out) _must_check_;

/* *RET and its texts live in the arena. -EBADMSG for what is no packet of these. */
int spec_http_request_decode(struct arena *arena, const void *bytes, size_t length, struct spec_http_request *ret) _must_check_;
/* The bytes that the prefix has, or -EBADMSG if that is none; and the head that follows it. */
int spec_http_reply_length(const unsigned char prefix[static SPEC_HTTP_PREFIX]) _must_check_;
int spec_http_reply_decode(struct arena *arena, const void *bytes, size_t length, struct spec_http_reply *ret) _must_check_;

/*
 * Whether the client asks for another protocol (RFC 9110, 7.8), and its body's
 * length is known: then the call is not half-closed behind it, as the client's
 * socket may have to follow, and *RET_LENGTH bytes are all of the body.
 */
bool spec_http_wants_upgrade(const struct spec_pair *headers, size_t count, uint64_t *ret_length);

/* The value of the header called NAME, whose case does not count; or NULL. */
const char *spec_http_header(const struct spec_pair *headers, size_t count, const char *name);

#endif
