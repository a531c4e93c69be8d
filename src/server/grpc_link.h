/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bivy-grpc: one connection of a client's that speaks HTTP/2 (RFC 9113) by
 * libnghttp2, and gRPC on it. Each call is a socket of frames
 * (spec/grpc_call.h) of its own, in whichever direction it goes:
 *
 *  - serving, each call of the client's becomes a pair of sockets, one of which
 *    goes to who has the engine;
 *  - asking, whoever connects to a socket of ours makes a call to the client.
 *
 * It keeps no more of a call than HTTP/2's window allows: where one side does not
 * read, the other one is not read from.
 */
#ifndef BIVY_SERVER_GRPC_LINK_H
#define BIVY_SERVER_GRPC_LINK_H

#include "base/error.h"
#include "base/str.h"
#include "server/http_watch.h"

#include <nghttp2/nghttp2.h>

#define GRPC_WINDOW (256 << 10) /* bytes that one side of a stream may send without being read */
#define GRPC_STREAM_LIMIT 256   /* calls at once */

struct grpc_stream;

struct grpc_link {
	int epoll_fd;
	nghttp2_session *session;
	struct http_watch client;    /* the connection */
	struct http_watch listening; /* asking: who connects makes a call; .fd -EBADF: serving */
	int calls;                   /* serving: SOCK_SEQPACKET, where calls go; or -EBADF */
	struct buf out;              /* bytes for the client that it has not taken yet */
	size_t out_done;
	struct grpc_stream *first;
	size_t stream_count;
	bool ends;
};

struct grpc_link_request {
	int client;             /* the connection, ours */
	int listening, calls;   /* one of both, else -EBADF */
	const void *said;       /* what the client has said already */
	size_t said_length;
};

/* Until the client, or who has the engine, has gone. */
int grpc_link_run(const struct grpc_link_request *request, struct error *err) _must_check_;

/* Has what the session wants to say said, as far as the client takes it. */
void grpc_link_flush(struct grpc_link *link);

#endif
