/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS in front of the library: a client that has shown a certificate gets one
 * end of a pair of sockets, whose other end is served as any client's, so that
 * what comes after HTTP (attach, exec) keeps its two directions, each with an
 * end of its own. GnuTLS, which libmicrohttpd brings along; nothing blocks.
 */
#ifndef BIVY_SERVER_HTTP_TLS_H
#define BIVY_SERVER_HTTP_TLS_H

#include "base/error.h"
#include "server/http_front.h"

/* In PEM. */
struct http_tls_request {
	const char *certificate, *key;
	const char *authority; /* that clients' certificates must be from */
};

struct http_tls;

int http_tls_new(const struct http_tls_request *request, struct http_tls **ret, struct error *err) _must_check_;
void http_tls_free(struct http_tls *tls);

/* FD is taken, or closed. Whoever shows no certificate is not served. */
void http_tls_begin(struct http_front *front, int fd);

/* Closes those that do not come to an agreement; of all with EVERYBODY. */
void http_tls_expire(struct http_front *front, bool everybody);

#endif
