/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 request as a whole (RFC 9112, 2 to 6): whether it is
 * one, before anything is done with it. Stricter than the standard where what is
 * lenient has more than one meaning. Pure.
 */
#ifndef BIVY_SPEC_HTTP_HEAD_H
#define BIVY_SPEC_HTTP_HEAD_H

#include "base/cleanup.h"

#include <stddef.h>

struct spec_pair;

#define SPEC_HTTP_HEAD_LIMIT (16u << 10) /* bytes, with the empty line at its end */

struct spec_http_fault {
	unsigned status;  /* to answer with */
	const char *text; /* for a person */
};

/*
 * 1: BYTES begin with a whole head, whatever follows. 0: they may become one.
 * -EBADMSG: they are none, *RET says why.
 */
int spec_http_head_judge(const char *bytes, size_t length, struct spec_http_fault *ret) _must_check_;

/* The same of HEADERS that somebody has parted already, those of a request whose VERSION is "HTTP/1.1" or "HTTP/1.0": 0, or -EBADMSG. */
int spec_http_headers_judge(const char *version, const struct spec_pair *headers, size_t count, struct spec_http_fault *ret) _must_check_;

#endif
