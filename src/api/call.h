/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of Docker's Engine API, from its head (spec/http_call.h) to its
 * reply. A process has one, and ends with it.
 *
 * What answers it (routes.h) reads parameters and body, makes one call of the
 * engine, and replies. It returns 0 once it has; or fails with *err filled,
 * which becomes a reply if there was none yet.
 */
#ifndef BIVY_API_CALL_H
#define BIVY_API_CALL_H

#include "api/target.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/container_cache.h"
#include "engine/directories.h"
#include "spec/http_call.h"

/* What a client of a socket may do; each includes the ones before. */
enum api_permission {
	API_METRICS,    /* numbers alone */
	API_READ_ONLY,  /* look */
	API_CONTAINERS, /* start, stop, remove what there is; nothing that makes anything, or reaches into it */
	API_ALL,        /* as root on this host */
};

/* "metrics", "read-only", "containers", "all"; -EINVAL. */
int api_permission_parse(const char *text, enum api_permission *ret) _must_check_;

struct api_work {
	const struct directories *directories;
	enum api_permission permission;
	int socket; /* of the call */
	const void *packet; /* a request's head */
	size_t length;
	struct container_cache *containers; /* of a process that answers several; or NULL */
	const struct spec_http_counts *http;
};

/* Whether the request is one that only looks, and waits for nothing: several may be answered by one process. */
bool api_is_short(const void *packet, size_t length);

/* Answers it. */
void api_work(const struct api_work *work);

#define API_BODY_LIMIT (16u << 20) /* bytes of a body that is a document */
#define API_BODY_MS 60000           /* that it may take to come */

struct api_call {
	struct arena *arena;
	const struct directories *directories;
	struct spec_http_request request;
	struct api_target target;
	struct container_cache *containers; /* or NULL */
	const struct spec_http_counts *http; /* or NULL */
	const char **names; /* what stands for the {…} of the route, in their order */
	int socket;
	bool has_replied;
};

/* The header NAME, or NULL. */
const char *api_call_header(const struct api_call *call, const char *name);

/* Adds the whole body, API_BODY_LIMIT at most. */
int api_call_body(struct api_call *call, struct buf *ret, struct error *err) _must_check_;

/* The body as JSON; *RET is NULL for an empty one. ERROR_INVALID for what is none. */
int api_call_document(struct api_call *call, struct json **ret, struct error *err) _must_check_;

/* ---- the reply ---------------------------------------------------------------------- */

/* A whole one, of a JSON document (a newline is added); without a body. */
int api_reply_json(struct api_call *call, unsigned status, const struct buf *document, struct error *err) _must_check_;
int api_reply_text(struct api_call *call, unsigned status, const char *content_type, const char *text, struct error *err) _must_check_;
int api_reply_empty(struct api_call *call, unsigned status, struct error *err) _must_check_;

/* With HEADERS, which end with a NULL key. */
int api_reply_with(struct api_call *call, unsigned status, const struct spec_pair *headers, const void *body, size_t length, struct error *err) _must_check_;

/* The head of one whose end is that of the call; then what is in it. -EPIPE when nobody listens any more. */
int api_reply_open(struct api_call *call, unsigned status, const char *content_type, struct error *err) _must_check_;
int api_reply_open_with(struct api_call *call, unsigned status, const struct spec_pair *headers, struct error *err) _must_check_;
int api_reply_add(struct api_call *call, const void *bytes, size_t length, struct error *err) _must_check_;

/* Gives ERROR docker's words (words.h). */
void api_call_translate(const struct api_call *call, struct error *error);

/* An error as docker tells one: {"message":"…"} with the status that belongs to its kind. */
int api_reply_error(struct api_call *call, const struct error *error);

/* Whether the client asks for another protocol (RFC 9110, 7.8). */
bool api_call_wants_upgrade(const struct api_call *call);

/*
 * 101 with HEADERS; then the client's own socket is ours, *RET, to be closed,
 * and what it has said already is added to *RET_SAID. The request's body must
 * have been read.
 */
int api_reply_upgrade(struct api_call *call, const struct spec_pair *headers, int *ret, struct buf *ret_said, struct error *err) _must_check_;

/* The body becomes our standard input, for what reads a stream; and the rest of the answer what we print, once it is open. */
int api_call_body_is_input(struct api_call *call, struct error *err) _must_check_;
int api_call_output_is_reply(struct api_call *call, struct error *err) _must_check_;

/* From here on this process ends as soon as nobody waits for its answer any more. */
int api_call_ends_with_client(struct api_call *call, struct error *err) _must_check_;

#endif
