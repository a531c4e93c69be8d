/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's socket as a web socket (RFC 6455): a process of ours turns its
 * frames into bytes and bytes into frames, of which neither direction waits for
 * the other.
 */
#ifndef BIVY_API_WEBSOCKET_H
#define BIVY_API_WEBSOCKET_H

#include "api/call.h"

#include <sys/types.h>

struct api_websocket {
	int fd;           /* bytes, both ways; -EBADF: none */
	int client_fd;
	pid_t relay;
};

#define API_WEBSOCKET_INIT ((struct api_websocket){ .fd = -EBADF, .client_fd = -EBADF })

/* Answers 101. ERROR_INVALID if the client does not ask for that. */
int api_websocket_open(struct api_call *call, struct api_websocket *ret, struct error *err) _must_check_;

/* All that was written to .fd is sent, then the end. */
void api_websocket_close(struct api_websocket *socket);
#define _cleanup_api_websocket_ _cleanup_(api_websocket_close)

#endif
