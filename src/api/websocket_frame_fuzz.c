/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes of a client's web socket: what comes of them does not depend on the pieces that they came in. */
#include "api/websocket_frame.h"
#include "base/memory.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_all(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	struct websocket_decoder decoder = { .head_length = 0 };
	enum websocket_event event = WEBSOCKET_NOTHING;

	for (size_t at = 0; at < size && event != WEBSOCKET_BROKEN && event != WEBSOCKET_CLOSED;) {
		size_t part = piece < size - at ? piece : size - at, used, length;
		unsigned char *bytes = memory_new(part, 1);
		const unsigned char *result = NULL;

		memcpy(bytes, data + at, part);
		event = websocket_decode(&decoder, bytes, part, &used, &result, &length);
		if (used > part || (used == 0 && event == WEBSOCKET_NOTHING))
			abort();
		if (event != WEBSOCKET_NOTHING && event != WEBSOCKET_DATA)
			buf_add_char(out, (char)event);
		buf_add(out, result, length);
		at += used;
		free(bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf whole = BUF_INIT, parts = BUF_INIT;

	decode_all(data, size, SIZE_MAX, &whole);
	decode_all(data, size, 1 + (size ? data[0] % 7 : 0), &parts);
	if (whole.length != parts.length || (whole.length && memcmp(whole.data, parts.data, whole.length) != 0))
		abort();
	return 0;
}
