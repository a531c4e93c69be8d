/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a transfer: a request sent and an answer taken, by libcurl.
 * Between http.c, which decides what comes next, and the library; nobody else
 * includes this.
 */
#ifndef BIVY_REGISTRY_HTTP_EXCHANGE_H
#define BIVY_REGISTRY_HTTP_EXCHANGE_H

#include "registry/http.h"

#include <curl/curl.h>

struct http_exchange {
	const struct http_request *request;
	const struct http_options *options;
	CURLSH *share;
	CURL *easy;
	struct curl_slist *headers;
	char curl_words[CURL_ERROR_SIZE];

	char *url;            /* of this attempt */
	char *authorization;  /* to be sent, or NULL */
	bool is_away;         /* redirected to another origin */

	struct http_response response;
	uint64_t position;    /* bytes of the answer's body that the sink has, those before the offset included */
	uint64_t skip;        /* bytes still to be dropped, from a server that knows no ranges */
	uint64_t sent;        /* bytes of our body */
	bool is_paused;       /* the sink was full */
	bool has_begun;       /* the first bytes of the answer's body were looked at */
	int failure;          /* a negative errno: our side ended it; ERR says why */
	struct error err;
};

/* Makes a handle for one attempt, the answer of the one before being dropped. */
int http_exchange_open(struct http_exchange *x, struct error *err) _must_check_;
void http_exchange_close(struct http_exchange *x);
/* Goes on after a pause, if the sink has room by now. Hands over what libcurl has kept meanwhile. */
void http_exchange_resume(struct http_exchange *x);
void http_exchange_done(struct http_exchange *x);

/* Fills ERR for the attempt that ended with CODE. */
int http_exchange_fail(const struct http_exchange *x, CURLcode code, struct error *err);

#endif
