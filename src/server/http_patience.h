/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are kept for a next request. libmicrohttpd closes what says
 * nothing for a while; here is an end for what says a byte now and then, and
 * who goes when there are too many.
 */
#ifndef BIVY_SERVER_HTTP_PATIENCE_H
#define BIVY_SERVER_HTTP_PATIENCE_H

#include "server/http_front.h"

/* Of a new connection: *RET is to be its MHD_CONNECTION_INFO_SOCKET_CONTEXT. */
void http_patience_begin(struct MHD_Connection *connection, void **ret);
void http_patience_end(struct http_front *front, void **context);

/* The head of a request is there; it has been answered, and another may come. */
void http_patience_rest(struct http_front *front, struct MHD_Connection *connection);
void http_patience_resume(struct http_front *front, struct MHD_Connection *connection);

/* Those that took too long are shut down, which the library finds. */
void http_patience_expire(struct http_front *front);

/* For one more connection, if it takes that: who is kept for nothing goes, the one that has been for longest. */
void http_patience_make_room(struct http_front *front);

/* How long nothing of this has to be done, in ms; -1: forever. */
int http_patience_timeout(const struct http_front *front);

#endif
