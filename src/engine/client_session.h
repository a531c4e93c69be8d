/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of clients that build with BuildKit: a connection on which it is the
 * client who answers, be it for files of its own, logins or secrets. Whoever has
 * the connection listens on RUN/sessions/ID as long as it lasts; each connection
 * to that is a call to the client (spec/grpc_call.h), from any process.
 *
 * A socket that nobody listens on is garbage, and removed by the next session.
 */
#ifndef BIVY_ENGINE_CLIENT_SESSION_H
#define BIVY_ENGINE_CLIENT_SESSION_H

#include "engine/directories.h"
#include "base/str.h"
#include "spec/grpc_call.h"

#define CLIENT_SESSIONS "sessions" /* in the volatile directory */

#define CLIENT_SESSION_ID_LIMIT 64 /* letters, digits, '-' and '_' */

/* Becomes the session ID: *RET listens. ERROR_INVALID for what can be no id, ERROR_CONFLICT if there is that session. */
int client_session_listen(const struct directories *directories, const char *id, int *ret, struct error *err) _must_check_;

/* It is over. */
void client_session_remove(const struct directories *directories, const char *id);

/*
 * Calls METHOD of the client; close *RET. If the client has not made its session
 * yet it is waited for, for some seconds: it does so beside asking for a build.
 */
int client_session_call(const struct directories *directories, const char *id, const struct spec_grpc_head *head, int *ret, struct error *err) _must_check_;

/* ---- frames, one after the other --------------------------------------------------------- */

int client_call_send(int call, const void *message, size_t length, struct error *err) _must_check_;
/* There will be no more of them. */
int client_call_end(int call, struct error *err) _must_check_;

/* Replaces *RET by the next message: 1; 0 if that was all; what the client answers as an error is one, of the kind that its code says. */
int client_call_receive(int call, struct buf *ret, struct error *err) _must_check_;

/* The whole of a call with one message each way: *RET is the answer. */
int client_session_ask(const struct directories *directories, const char *id, const char *method, const struct buf *message, struct buf *ret,
	struct error *err) _must_check_;

#endif
