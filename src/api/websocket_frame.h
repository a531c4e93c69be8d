/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of web sockets (RFC 6455, 5): ours to clients, and theirs as they come, in any pieces. Pure. */
#ifndef BIVY_API_WEBSOCKET_FRAME_H
#define BIVY_API_WEBSOCKET_FRAME_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBSOCKET_HEAD_LIMIT 4      /* bytes that a head of ours takes at most */
#define WEBSOCKET_BODY_LIMIT 65535  /* of one of ours */
#define WEBSOCKET_FRAME_LIMIT (1u << 20) /* of one of the client's */
#define WEBSOCKET_CONTROL_LIMIT 125

enum websocket_opcode { WEBSOCKET_MORE = 0, WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2, WEBSOCKET_CLOSE = 8, WEBSOCKET_PING = 9, WEBSOCKET_PONG = 10 };

/* The head of a whole frame of LENGTH bytes, WEBSOCKET_BODY_LIMIT at most; how long it is. */
size_t websocket_frame_head(unsigned char ret[static WEBSOCKET_HEAD_LIMIT], enum websocket_opcode opcode, size_t length);

struct websocket_decoder {
	unsigned char head[14]; /* as far as it has come */
	size_t head_length;
	bool is_in_body;
	uint64_t length, done;  /* of the body */
	unsigned char control[WEBSOCKET_CONTROL_LIMIT];
};

enum websocket_event {
	WEBSOCKET_NOTHING, /* all was used, and more is needed */
	WEBSOCKET_DATA,    /* some of what the client says */
	WEBSOCKET_PINGED,  /* to be answered with a pong of the same */
	WEBSOCKET_CLOSED,
	WEBSOCKET_BROKEN,  /* what comes is no frame */
};

/*
 * Takes *RET_USED of BYTES, which are changed, up to the next event. What comes
 * with it, *RET_LENGTH bytes, is in BYTES or in the decoder, until the next call.
 */
enum websocket_event websocket_decode(struct websocket_decoder *decoder, unsigned char *bytes, size_t length, size_t *ret_used, const unsigned char **ret,
	size_t *ret_length);

#endif
