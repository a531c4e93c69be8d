/* SPDX-License-Identifier: Apache-2.0 */
#include "api/websocket_frame.h"

#include <string.h>

#define FINAL 0x80
#define RESERVED 0x70 /* of extensions, which are not agreed on */
#define OPCODE 0x0f
#define MASKED 0x80   /* as clients must */
#define LENGTH 0x7f
#define MASK_BYTES 4

size_t websocket_frame_head(unsigned char ret[static WEBSOCKET_HEAD_LIMIT], enum websocket_opcode opcode, size_t length)
{
	ret[0] = (unsigned char)(FINAL | opcode);
	if (length < 126) {
		ret[1] = (unsigned char)length;
		return 2;
	}
	ret[1] = 126;
	ret[2] = (unsigned char)(length >> 8);
	ret[3] = (unsigned char)length;
	return 4;
}

/* ---- of the client ------------------------------------------------------------------------ */

static unsigned opcode_of(const struct websocket_decoder *decoder)
{
	return decoder->head[0] & OPCODE;
}

static bool is_control(const struct websocket_decoder *decoder)
{
	return opcode_of(decoder) >= WEBSOCKET_CLOSE;
}

/* Bytes of the length behind the first two of the head. */
static size_t length_bytes(const struct websocket_decoder *decoder)
{
	unsigned length = decoder->head[1] & LENGTH;

	return length == 126 ? 2 : length == 127 ? 8 : 0;
}

static size_t head_bytes(const struct websocket_decoder *decoder)
{
	return decoder->head_length < 2 ? 2 : 2 + length_bytes(decoder) + MASK_BYTES;
}

static uint64_t decode_length(const struct websocket_decoder *decoder)
{
	uint64_t length = 0;

	if (length_bytes(decoder) == 0)
		return decoder->head[1] & LENGTH;
	for (size_t i = 0; i < length_bytes(decoder); i++)
		length = length << 8 | decoder->head[2 + i];
	return length;
}

/* Whether its first two bytes are of a frame that may come. */
static bool may_begin(const struct websocket_decoder *decoder)
{
	unsigned opcode = opcode_of(decoder);

	if (decoder->head[0] & RESERVED || !(decoder->head[1] & MASKED))
		return false;
	if (is_control(decoder))
		return opcode <= WEBSOCKET_PONG && decoder->head[0] & FINAL && (decoder->head[1] & LENGTH) <= WEBSOCKET_CONTROL_LIMIT;
	return opcode <= WEBSOCKET_BINARY;
}

/* The next of it; false: there is no frame with such a head. */
static bool take_head(struct websocket_decoder *decoder, const unsigned char *bytes, size_t length, size_t *used)
{
	while (!decoder->is_in_body && *used < length) {
		decoder->head[decoder->head_length++] = bytes[(*used)++];
		if (decoder->head_length == 2 && !may_begin(decoder))
			return false;
		if (decoder->head_length < head_bytes(decoder))
			continue;
		decoder->length = decode_length(decoder);
		decoder->done = 0;
		decoder->is_in_body = true;
		if (decoder->length > WEBSOCKET_FRAME_LIMIT)
			return false;
	}
	return true;
}

static void unmask(const struct websocket_decoder *decoder, unsigned char *bytes, size_t length)
{
	const unsigned char *mask = decoder->head + decoder->head_length - MASK_BYTES;

	for (size_t i = 0; i < length; i++)
		bytes[i] ^= mask[(decoder->done + i) % MASK_BYTES];
}

static enum websocket_event end_control(const struct websocket_decoder *decoder, const unsigned char **ret, size_t *ret_length)
{
	if (opcode_of(decoder) == WEBSOCKET_CLOSE)
		return WEBSOCKET_CLOSED;
	if (opcode_of(decoder) != WEBSOCKET_PING)
		return WEBSOCKET_NOTHING;
	*ret = decoder->control;
	*ret_length = (size_t)decoder->length;
	return WEBSOCKET_PINGED;
}

/* What there is of the body; a control frame's is gathered. */
static enum websocket_event take_body(struct websocket_decoder *decoder, unsigned char *bytes, size_t length, const unsigned char **ret, size_t *ret_length)
{
	unmask(decoder, bytes, length);
	if (is_control(decoder))
		memcpy(decoder->control + decoder->done, bytes, length);
	decoder->done += length;
	if (decoder->done == decoder->length) {
		decoder->is_in_body = false;
		decoder->head_length = 0;
		if (is_control(decoder))
			return end_control(decoder, ret, ret_length);
	}
	if (is_control(decoder) || length == 0)
		return WEBSOCKET_NOTHING;
	*ret = bytes;
	*ret_length = length;
	return WEBSOCKET_DATA;
}

enum websocket_event websocket_decode(struct websocket_decoder *decoder, unsigned char *bytes, size_t length, size_t *ret_used, const unsigned char **ret,
	size_t *ret_length)
{
	enum websocket_event event = WEBSOCKET_NOTHING;
	size_t used = 0;

	*ret_length = 0;
	while (event == WEBSOCKET_NOTHING) {
		size_t part;

		if (!take_head(decoder, bytes, length, &used)) {
			event = WEBSOCKET_BROKEN;
			break;
		}
		if (!decoder->is_in_body || (used == length && decoder->done < decoder->length))
			break;
		part = decoder->length - decoder->done < length - used ? (size_t)(decoder->length - decoder->done) : length - used;
		event = take_body(decoder, bytes + used, part, ret, ret_length);
		used += part;
	}
	*ret_used = used;
	return event;
}
