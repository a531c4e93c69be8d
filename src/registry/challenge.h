/* SPDX-License-Identifier: Apache-2.0 */
/* What a server asks for with "WWW-Authenticate" (RFC 9110, section 11): a pure function over bytes that strangers send. */
#ifndef BIVY_REGISTRY_CHALLENGE_H
#define BIVY_REGISTRY_CHALLENGE_H

#include "base/error.h"
#include "base/memory.h"

#define CHALLENGE_BYTES_LIMIT (16u << 10)
#define CHALLENGE_LIMIT 16

enum challenge_scheme { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

/* The parameters that matter to us; NULL for one that is not given. */
struct challenge {
	enum challenge_scheme scheme;
	const char *realm;   /* of Bearer: the URL where tokens are had */
	const char *service; /* what the server calls itself to that place */
	const char *scope;   /* what a token is needed for: "repository:library/debian:pull" */
	const char *error;   /* why the token sent was not enough: "insufficient_scope" */
};

/*
 * Decodes the LENGTH bytes of a header, or of several joined with commas.
 * Schemes and names of parameters are matched without case. -EINVAL for what
 * is not in the header's grammar, and beyond the limits above.
 */
int challenge_parse(struct arena *arena, const char *text, size_t length, struct challenge **ret, size_t *ret_count, struct error *err) _must_check_;

#endif
