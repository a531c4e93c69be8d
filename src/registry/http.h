/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP(S) for registries: many transfers at once over kept connections, in one
 * thread. Each transfer goes on by itself until it is done: after redirects,
 * after a break (with a Range request from the byte reached), after "try again
 * later", after a refusal that its owner can answer with an authorization.
 *
 * What always holds:
 * 1. An authorization or client certificate goes to the origin (scheme, host,
 *    port) of the request alone, never to where a redirect leads.
 * 2. Certificates are verified, and plain HTTP is not spoken, unless the peer
 *    says so; a redirect cannot change that.
 * 3. What a server sends is bounded: headers, bodies, redirects, waiting.
 */
#ifndef BIVY_REGISTRY_HTTP_H
#define BIVY_REGISTRY_HTTP_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

#define HTTP_HEADER_BYTES_LIMIT (16u << 10) /* of one header kept */
#define HTTP_ERROR_BYTES_LIMIT (64u << 10)  /* of the body of a refusal */
#define HTTP_REDIRECT_LIMIT 10
#define HTTP_RETRY_AFTER_LIMIT_MS (60 * 1000)

/* 0 stands for the default given. */
struct http_options {
	unsigned connect_timeout_ms; /* 15 s: to connect and agree on TLS */
	unsigned silence_timeout_s;  /* 60 s without a byte; thrice that for a server that digests an upload */
	unsigned retry_limit;        /* 5 attempts in a row without progress */
	unsigned backoff_ms;         /* 500 ms before the first repetition, doubled each time up to 16 s */
	unsigned connections;        /* 6 to one host */
};

struct http;
struct http_transfer;

int http_new(const struct http_options *options, struct http **ret, struct error *err) _must_check_;
/* All its transfers must have been freed. */
void http_free(struct http *http);

DEFINE_CLEANUP(struct http *, http_free)
#define _cleanup_http_ _cleanup_(cleanup_http_free)

/* ---- what is asked ------------------------------------------------------------- */

enum http_peer_property {
	HTTP_PEER_PLAIN = 1 << 0,      /* may be spoken to without TLS */
	HTTP_PEER_UNVERIFIED = 1 << 1, /* its certificate is not looked at */
};

/* How the server has to be spoken to. Strings may be NULL. */
struct http_peer {
	unsigned properties;            /* enum http_peer_property */
	const char *authorities;        /* certificates (PEM) trusted besides the system's */
	const char *client_certificate; /* path of a PEM file */
	const char *client_key;         /* likewise */
};

/*
 * Takes the bytes of a good answer, in order and each once whatever breaks in
 * between. A negative errno, ERR being filled, ends the transfer with it.
 */
typedef int http_sink(void *context, const void *bytes, size_t length, struct error *err);

/* Gives up to LENGTH bytes of the body from OFFSET on: how many, or a negative errno with ERR filled. Never 0 before its end. */
typedef ssize_t http_source(void *context, void *bytes, size_t length, uint64_t offset, struct error *err);

enum http_header {
	HTTP_AUTHENTICATE, /* all of them, joined with ", " */
	HTTP_CONTENT_LENGTH,
	HTTP_CONTENT_RANGE,
	HTTP_CONTENT_TYPE,
	HTTP_DIGEST, /* Docker-Content-Digest */
	HTTP_ETAG,
	HTTP_LAST_MODIFIED,
	HTTP_LINK,
	HTTP_LOCATION,
	HTTP_MINIMUM_CHUNK, /* OCI-Chunk-Min-Length */
	HTTP_FILTERS,       /* OCI-Filters-Applied */
	HTTP_RANGE,
	HTTP_RETRY_AFTER,
	HTTP_SUBJECT, /* OCI-Subject */
	HTTP_HEADER_COUNT
};

struct http_response {
	int status;
	char *headers[HTTP_HEADER_COUNT]; /* NULL: not sent */
	struct buf body;                  /* unless a sink took it */
	char *url;                        /* where the answer came from, after redirects */
};

void http_response_done(struct http_response *response);
#define _cleanup_http_response_ _cleanup_(http_response_done)

/*
 * A new value for "Authorization", allocated, after REFUSAL (a 401 answer); it
 * may perform requests of its own meanwhile. *RET stays NULL when there is
 * nothing to offer: the refusal then is the answer.
 */
typedef int http_authorize(void *context, const struct http_response *refusal, char **ret, struct error *err);

enum http_request_property {
	HTTP_REPEATABLE = 1 << 0, /* doing it twice does no harm: it is repeated after a break */
};

/* Whatever it points to must outlive the transfer. */
struct http_request {
	const char *method; /* "GET" */
	const char *url;
	const struct http_peer *peer;
	const char *const *headers;  /* "Name: value", NULL-terminated; or NULL */
	const char *authorization;   /* or NULL */
	http_authorize *authorize;   /* or NULL; asked at most twice */
	void *authorize_context;
	unsigned properties;         /* enum http_request_property */

	http_source *source;         /* of the body; or NULL */
	void *source_context;
	uint64_t source_length;
	const void *body;            /* a body in memory instead, of source_length bytes */

	http_sink *sink;             /* of an answer of 2xx; NULL: it goes to response.body */
	void *sink_context;
	bool (*sink_is_full)(void *context); /* true: no bytes now, please, until it is asked again in a later http_step(); or NULL */
	uint64_t offset;             /* GET: the first byte wanted (Range); the sink gets no byte before it */
	uint64_t limit_bytes;        /* of the answer's whole body, those before the offset included */
	void (*progress)(void *context, uint64_t position); /* bytes of the body done, up or down; or NULL */
	void *progress_context;
};

/* ---- doing it ------------------------------------------------------------------- */

/* Puts the transfer among those under way; http_transfer_free() also ends it. */
struct http_transfer *http_start(struct http *http, const struct http_request *request);
void http_transfer_free(struct http_transfer *transfer);

DEFINE_CLEANUP(struct http_transfer *, http_transfer_free)
#define _cleanup_http_transfer_ _cleanup_(cleanup_http_transfer_free)

/* Moves all transfers on, waiting up to TIMEOUT_MS for something to happen. */
void http_step(struct http *http, int timeout_ms);

bool http_transfer_is_done(const struct http_transfer *transfer);

/*
 * Waits until the transfer is done (the others move on too) and hands its
 * answer over, of whatever status. No answer is an error: ERROR_UNAVAILABLE
 * for a server out of reach or silent (-ECONNREFUSED; -EPROTONOSUPPORT for one
 * that does not know TLS), ERROR_DENIED for a certificate that does not verify,
 * ERROR_INVALID for an answer that cannot be.
 */
int http_wait(struct http *http, struct http_transfer *transfer, struct http_response *ret, struct error *err) _must_check_;

/* Start, wait, free. */
int http_perform(struct http *http, const struct http_request *request, struct http_response *ret, struct error *err) _must_check_;

/* How long to wait before something is repeated for the n-th time: longer each time, and never the same for two of us. */
int64_t http_backoff_ms(const struct http *http, unsigned repetition);

/* ---- URLs ------------------------------------------------------------------------- */

/* "https://host:443" of an URL; NULL if it is none, is not HTTP(S), or has a user in it. Allocated. */
char *http_origin(const char *url);

/* LOCATION, which may be relative, as seen from BASE; NULL if it is no URL. Allocated. */
char *http_resolve(const char *base, const char *location);

/* A date of HTTP's, in seconds since 1970; -1: it is none. */
int64_t http_date_s(const char *text);

/* TEXT with everything but letters, digits and "-._~" escaped, added to OUT. */
void http_escape(const char *text, struct buf *out);

#endif
