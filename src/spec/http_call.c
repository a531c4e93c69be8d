/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_call.h"
#include "spec/packed_text.h"

#include <endian.h>
#include <strings.h>

static void add_headers(struct buf *out, const struct spec_pair *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		packed_text_add(out, headers[i].key);
		packed_text_add(out, headers[i].value);
	}
}

static int take_headers(struct packed_text *rest, struct spec_pair **ret, size_t *ret_count)
{
	struct spec_pair *headers = arena_alloc(rest->arena, SPEC_HTTP_HEADER_LIMIT, sizeof *headers);
	size_t count = 0;

	while (rest->length > 0) {
		char *name = packed_text_take(rest), *value = packed_text_take(rest);

		if (!name || !*name || !value || count == SPEC_HTTP_HEADER_LIMIT)
			return -EBADMSG;
		headers[count++] = (struct spec_pair){ .key = name, .value = value };
	}
	*ret = headers;
	*ret_count = count;
	return 0;
}

/* What was added behind START goes again if it is too much. */
static int bound(struct buf *out, size_t start, size_t limit, size_t header_count)
{
	if (out->length - start <= limit && header_count <= SPEC_HTTP_HEADER_LIMIT)
		return 0;
	out->length = start;
	out->data[start] = '\0';
	return -E2BIG;
}

/* ---- requests ------------------------------------------------------------------------- */

int spec_http_request_encode(const struct spec_http_request *request, struct buf *out)
{
	size_t start = out->length;

	packed_text_add(out, request->method);
	packed_text_add(out, request->target);
	add_headers(out, request->headers, request->header_count);
	return bound(out, start, SPEC_HTTP_REQUEST_LIMIT, request->header_count);
}

int spec_http_request_decode(struct arena *arena, const void *bytes, size_t length, struct spec_http_request *ret)
{
	struct packed_text rest = { .arena = arena, .bytes = bytes, .length = length };
	struct spec_http_request request = { .method = packed_text_take(&rest), .target = packed_text_take(&rest) };
	int r = length <= SPEC_HTTP_REQUEST_LIMIT && request.method && request.target && *request.method ? 0 : -EBADMSG;

	if (r == 0)
		r = take_headers(&rest, &request.headers, &request.header_count);
	if (r == 0)
		*ret = request;
	return r;
}

/* ---- replies --------------------------------------------------------------------------- */

enum reply_flag { REPLY_UPGRADES = 1 << 0, REPLY_HAS_LENGTH = 1 << 1 };

/* Little-endian, behind the prefix. */
struct fixed_part {
	uint32_t status, flags;
	uint64_t length;
};

int spec_http_reply_encode(const struct spec_http_reply *reply, struct buf *out)
{
	struct fixed_part fixed = {
		.status = htole32(reply->status),
		.flags = htole32((reply->upgrades ? REPLY_UPGRADES : 0u) | (reply->has_length ? REPLY_HAS_LENGTH : 0u)),
		.length = htole64(reply->length),
	};
	size_t start = out->length;
	uint32_t prefix = 0;
	int r;

	buf_add(out, &prefix, sizeof prefix);
	buf_add(out, &fixed, sizeof fixed);
	add_headers(out, reply->headers, reply->header_count);
	r = bound(out, start, SPEC_HTTP_REPLY_LIMIT, reply->header_count);
	if (r < 0)
		return r;
	prefix = htole32((uint32_t)(out->length - start - sizeof prefix));
	memcpy(out->data + start, &prefix, sizeof prefix);
	return 0;
}

int spec_http_reply_length(const unsigned char prefix[static SPEC_HTTP_PREFIX])
{
	uint32_t length;

	memcpy(&length, prefix, sizeof length);
	length = le32toh(length);
	return length >= sizeof(struct fixed_part) && length <= SPEC_HTTP_REPLY_LIMIT ? (int)length : -EBADMSG;
}

int spec_http_reply_decode(struct arena *arena, const void *bytes, size_t length, struct spec_http_reply *ret)
{
	struct packed_text rest = { .arena = arena };
	struct spec_http_reply reply = { 0 };
	struct fixed_part fixed;
	int r;

	if (length < sizeof fixed || length > SPEC_HTTP_REPLY_LIMIT)
		return -EBADMSG;
	memcpy(&fixed, bytes, sizeof fixed);
	rest.bytes = (const char *)bytes + sizeof fixed;
	rest.length = length - sizeof fixed;
	reply.status = le32toh(fixed.status);
	reply.upgrades = le32toh(fixed.flags) & REPLY_UPGRADES;
	reply.has_length = le32toh(fixed.flags) & REPLY_HAS_LENGTH;
	reply.length = le64toh(fixed.length);
	if (reply.status < 100 || reply.status > 599 || reply.upgrades != (reply.status == 101))
		return -EBADMSG;
	r = take_headers(&rest, &reply.headers, &reply.header_count);
	if (r == 0)
		*ret = reply;
	return r;
}

const char *spec_http_header(const struct spec_pair *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(headers[i].key, name) == 0)
			return headers[i].value;
	return NULL;
}

bool spec_http_wants_upgrade(const struct spec_pair *headers, size_t count, uint64_t *ret_length)
{
	const char *connection = spec_http_header(headers, count, "Connection"), *length = spec_http_header(headers, count, "Content-Length");

	*ret_length = 0;
	if (!connection || !strcasestr(connection, "upgrade") || str_is_empty(spec_http_header(headers, count, "Upgrade")))
		return false;
	if (spec_http_header(headers, count, "Transfer-Encoding"))
		return false;
	return !length || str_to_u64(length, 10, ret_length) == 0;
}
