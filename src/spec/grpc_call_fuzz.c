/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a frame has. What is accepted comes back the same from what is written of it. */
#include "spec/grpc_call.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char *frame(const struct buf *out, enum spec_grpc_kind kind, uint32_t *ret_length)
{
	enum spec_grpc_kind found;

	if (spec_grpc_prefix_decode((const unsigned char *)out->data, &found, ret_length) < 0 || found != kind || *ret_length + SPEC_GRPC_PREFIX != out->length)
		abort();
	return (const unsigned char *)out->data + SPEC_GRPC_PREFIX;
}

static void check_head(struct arena *arena, const uint8_t *data, size_t size)
{
	struct spec_grpc_head head, again;
	_cleanup_buf_ struct buf out = BUF_INIT;
	const unsigned char *bytes;
	uint32_t length;

	if (size > SPEC_GRPC_HEAD_LIMIT || spec_grpc_head_decode(arena, data, size, &head) < 0)
		return;
	if (spec_grpc_head_encode(&head, &out) < 0)
		abort();
	bytes = frame(&out, SPEC_GRPC_HEAD, &length);
	if (length != size || memcmp(bytes, data, size) != 0 || spec_grpc_head_decode(arena, bytes, length, &again) < 0 || again.count != head.count)
		abort();
}

static void check_status(struct arena *arena, const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf out = BUF_INIT, text = BUF_INIT, back = BUF_INIT;
	struct spec_grpc_status status;
	const unsigned char *bytes;
	uint32_t length;

	if (size > SPEC_GRPC_HEAD_LIMIT || spec_grpc_status_decode(arena, data, size, &status) < 0)
		return;
	if (spec_grpc_status_encode(&status, &out) < 0)
		abort();
	bytes = frame(&out, SPEC_GRPC_STATUS, &length);
	if (length != size || memcmp(bytes, data, size) != 0)
		abort();
	spec_grpc_text_encode(status.message, &text);
	spec_grpc_text_decode(text.data ? text.data : "", text.length, &back);
	if (strcmp(back.data ? back.data : "", status.message) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf any = BUF_INIT;

	check_head(arena, data, size);
	check_status(arena, data, size);
	spec_grpc_text_decode((const char *)data, size, &any);
	if (any.length && memchr(any.data, '\0', any.length))
		abort();
	return 0;
}
