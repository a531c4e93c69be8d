/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the head of a request and of a reply. What is accepted comes back the same from what is written of it. */
#include "spec/http_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct spec_pair *one, size_t count, const struct spec_pair *other, size_t other_count)
{
	if (count != other_count)
		abort();
	for (size_t i = 0; i < count; i++)
		if (!str_equal(one[i].key, other[i].key) || !str_equal(one[i].value, other[i].value))
			abort();
}

static void check_request(struct arena *arena, const uint8_t *data, size_t size)
{
	struct spec_http_request request, again;
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (spec_http_request_decode(arena, data, size, &request) < 0)
		return;
	if (spec_http_request_encode(&request, &out) < 0 || spec_http_request_decode(arena, out.data, out.length, &again) < 0)
		abort();
	if (!str_equal(request.method, again.method) || !str_equal(request.target, again.target))
		abort();
	same(request.headers, request.header_count, again.headers, again.header_count);
}

static void check_reply(struct arena *arena, const uint8_t *data, size_t size)
{
	struct spec_http_reply reply, again;
	_cleanup_buf_ struct buf out = BUF_INIT;
	int length;

	if (spec_http_reply_decode(arena, data, size, &reply) < 0)
		return;
	if (spec_http_reply_encode(&reply, &out) < 0)
		abort();
	length = spec_http_reply_length((const unsigned char *)out.data);
	if (length < 0 || spec_http_reply_decode(arena, out.data + SPEC_HTTP_PREFIX, (size_t)length, &again) < 0)
		abort();
	if (reply.status != again.status || reply.upgrades != again.upgrades || reply.has_length != again.has_length || reply.length != again.length)
		abort();
	same(reply.headers, reply.header_count, again.headers, again.header_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	check_request(arena, data, size);
	check_reply(arena, data, size);
	return 0;
}
