/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/grpc_call.h"
#include "spec/packed_text.h"

/* ---- frames ----------------------------------------------------------------------------- */

static size_t limit_of(enum spec_grpc_kind kind)
{
	return kind == SPEC_GRPC_MESSAGE ? SPEC_GRPC_MESSAGE_LIMIT : kind == SPEC_GRPC_END ? 0 : SPEC_GRPC_HEAD_LIMIT;
}

void spec_grpc_prefix_encode(enum spec_grpc_kind kind, size_t length, struct buf *out)
{
	unsigned char bytes[SPEC_GRPC_PREFIX] = { (unsigned char)kind };
	uint32_t number = (uint32_t)length;

	memcpy(&bytes[4], &number, sizeof number);
	buf_add(out, bytes, sizeof bytes);
}

int spec_grpc_prefix_decode(const unsigned char bytes[static SPEC_GRPC_PREFIX], enum spec_grpc_kind *ret_kind, uint32_t *ret_length)
{
	enum spec_grpc_kind kind = (enum spec_grpc_kind)bytes[0];
	uint32_t length;

	memcpy(&length, &bytes[4], sizeof length);
	if (kind < SPEC_GRPC_HEAD || kind > SPEC_GRPC_STATUS || bytes[1] || bytes[2] || bytes[3] || length > limit_of(kind))
		return -EBADMSG;
	*ret_kind = kind;
	*ret_length = length;
	return 0;
}

static int add_frame(enum spec_grpc_kind kind, const void *bytes, size_t length, struct buf *out)
{
	if (length > limit_of(kind))
		return -E2BIG;
	spec_grpc_prefix_encode(kind, length, out);
	if (length)
		buf_add(out, bytes, length);
	return 0;
}

/* ---- HEAD ------------------------------------------------------------------------------------ */

int spec_grpc_head_encode(const struct spec_grpc_head *head, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (head->count > SPEC_GRPC_METADATA_LIMIT)
		return -E2BIG;
	packed_text_add(&text, head->method);
	for (size_t i = 0; i < head->count; i++) {
		packed_text_add(&text, head->metadata[i].key);
		packed_text_add(&text, head->metadata[i].value);
	}
	return add_frame(SPEC_GRPC_HEAD, text.data, text.length, out);
}

int spec_grpc_head_decode(struct arena *arena, const void *bytes, size_t length, struct spec_grpc_head *ret)
{
	struct packed_text rest = { arena, bytes, length };
	struct spec_grpc_head head = { .method = packed_text_take(&rest) };
	size_t texts = 0;

	for (size_t i = 0; i < rest.length; i++)
		texts += rest.bytes[i] == '\0';
	if (str_is_empty(head.method) || texts / 2 > SPEC_GRPC_METADATA_LIMIT)
		return -EBADMSG;
	head.metadata = arena_alloc(arena, texts / 2 + 1, sizeof *head.metadata);
	while (rest.length > 0) {
		char *key = packed_text_take(&rest), *value = packed_text_take(&rest);

		if (str_is_empty(key) || !value)
			return -EBADMSG;
		head.metadata[head.count++] = (struct spec_pair){ .key = key, .value = value };
	}
	*ret = head;
	return 0;
}

const char *spec_grpc_metadata(const struct spec_grpc_head *head, const char *key)
{
	for (size_t i = 0; i < head->count; i++)
		if (str_equal(head->metadata[i].key, key))
			return head->metadata[i].value;
	return NULL;
}

/* ---- MESSAGE, STATUS ---------------------------------------------------------------------------- */

int spec_grpc_message_encode(const void *bytes, size_t length, struct buf *out)
{
	return add_frame(SPEC_GRPC_MESSAGE, bytes, length, out);
}

int spec_grpc_status_encode(const struct spec_grpc_status *status, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add(&text, &status->code, sizeof status->code);
	packed_text_add(&text, status->message ? status->message : "");
	if (status->details_length)
		buf_add(&text, status->details, status->details_length);
	return add_frame(SPEC_GRPC_STATUS, text.data, text.length, out);
}

int spec_grpc_status_decode(struct arena *arena, const void *bytes, size_t length, struct spec_grpc_status *ret)
{
	struct packed_text rest = { arena, bytes, length };
	struct spec_grpc_status status = { .code = 0 };

	if (length < sizeof status.code)
		return -EBADMSG;
	memcpy(&status.code, bytes, sizeof status.code);
	rest.bytes += sizeof status.code;
	rest.length -= sizeof status.code;
	status.message = packed_text_take(&rest);
	if (!status.message)
		return -EBADMSG;
	status.details = (const unsigned char *)rest.bytes;
	status.details_length = rest.length;
	*ret = status;
	return 0;
}

/* ---- texts in headers ------------------------------------------------------------------------------- */

void spec_grpc_text_encode(const char *text, struct buf *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < ' ' || *c > '~' || *c == '%')
			buf_printf(out, "%%%02X", *c);
		else
			buf_add_char(out, (char)*c);
	}
}

void spec_grpc_text_decode(const char *text, size_t length, struct buf *out)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < length && str_hex_digit(text[i + 1]) >= 0 && str_hex_digit(text[i + 2]) >= 0) {
			c = (char)(str_hex_digit(text[i + 1]) * 16 + str_hex_digit(text[i + 2]));
			i += 2;
		}
		buf_add_char(out, c ? c : '?');
	}
}
