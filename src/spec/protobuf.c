/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/protobuf.h"

#include <endian.h>

#define TYPE_BITS 3
#define NS_PER_S 1000000000

/* ---- reading ------------------------------------------------------------------------------ */

static int take_varint(struct protobuf *message, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && message->length > 0; shift += 7) {
		unsigned char byte = *message->at++;

		message->length--;
		if (shift == 63 && byte > 1)
			return -EBADMSG;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static int take_bytes(struct protobuf *message, size_t length, const unsigned char **ret)
{
	if (length > message->length)
		return -EBADMSG;
	*ret = message->at;
	message->at += length;
	message->length -= length;
	return 0;
}

static int take_fixed(struct protobuf *message, size_t length, uint64_t *ret)
{
	const unsigned char *bytes;
	uint64_t value = 0;

	if (take_bytes(message, length, &bytes) < 0)
		return -EBADMSG;
	memcpy(&value, bytes, length);
	*ret = le64toh(value); /* the bytes that are not there are the high ones */
	return 0;
}

int protobuf_next(struct protobuf *message, struct protobuf_field *ret)
{
	struct protobuf_field field = { .number = 0 };
	uint64_t tag, length;
	int r;

	if (message->length == 0)
		return 0;
	r = take_varint(message, &tag);
	if (r < 0 || tag >> TYPE_BITS == 0 || tag >> TYPE_BITS > (UINT32_C(1) << 29) - 1)
		return -EBADMSG;
	field.number = (uint32_t)(tag >> TYPE_BITS);
	field.type = (enum protobuf_type)(tag & ((1 << TYPE_BITS) - 1));
	switch (field.type) {
	case PROTOBUF_VARINT:
		r = take_varint(message, &field.value);
		break;
	case PROTOBUF_FIXED64:
		r = take_fixed(message, 8, &field.value);
		break;
	case PROTOBUF_FIXED32:
		r = take_fixed(message, 4, &field.value);
		break;
	case PROTOBUF_BYTES:
		r = take_varint(message, &length);
		if (r == 0)
			r = length > message->length ? -EBADMSG : take_bytes(message, (size_t)length, &field.bytes);
		field.length = r == 0 ? (size_t)length : 0;
		break;
	default:
		r = -EBADMSG;
	}
	if (r < 0)
		return r;
	*ret = field;
	return 1;
}

struct protobuf protobuf_message(const struct protobuf_field *field)
{
	return PROTOBUF(field->bytes, field->length);
}

char *protobuf_text(struct arena *arena, const struct protobuf_field *field)
{
	if (field->type != PROTOBUF_BYTES || (field->length && memchr(field->bytes, '\0', field->length)))
		return NULL;
	return arena_strndup(arena, field->length ? (const char *)field->bytes : "", field->length);
}

int protobuf_pair(struct arena *arena, const struct protobuf_field *field, struct spec_pair *ret)
{
	struct protobuf message = protobuf_message(field);
	struct protobuf_field member;
	struct spec_pair pair = { .key = (char *)"", .value = (char *)"" };
	int r;

	if (field->type != PROTOBUF_BYTES)
		return -EBADMSG;
	while ((r = protobuf_next(&message, &member)) > 0) {
		if (member.number == 1)
			pair.key = protobuf_text(arena, &member);
		else if (member.number == 2)
			pair.value = protobuf_text(arena, &member);
	}
	if (r < 0 || !pair.key || !pair.value)
		return -EBADMSG;
	*ret = pair;
	return 0;
}

/* Room for one more element of SIZE bytes, and a zero behind it. */
static void *grow(struct arena *arena, void *list, size_t count, size_t size)
{
	void *larger;

	/* At each power of two from 8 on. */
	if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
		return list;
	larger = arena_alloc(arena, (count < 8 ? 8 : 2 * count) + 1, size);
	if (count)
		memcpy(larger, list, count * size);
	return larger;
}

int protobuf_add_to_list(struct arena *arena, const struct protobuf_field *field, char ***list, size_t *count)
{
	char *text = protobuf_text(arena, field);

	if (!text || *count == PROTOBUF_PAIR_LIMIT)
		return -EBADMSG;
	*list = grow(arena, *list, *count, sizeof **list);
	(*list)[(*count)++] = text;
	return 0;
}

int protobuf_add_to_map(struct arena *arena, const struct protobuf_field *field, struct spec_pair **map, size_t *count)
{
	struct spec_pair pair;

	if (*count == PROTOBUF_PAIR_LIMIT || protobuf_pair(arena, field, &pair) < 0)
		return -EBADMSG;
	*map = grow(arena, *map, *count, sizeof **map);
	(*map)[(*count)++] = pair;
	return 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void add_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_add_char(out, (char)(0x80 | (value & 0x7f)));
	buf_add_char(out, (char)value);
}

static void add_tag(struct buf *out, uint32_t number, enum protobuf_type type)
{
	add_varint(out, (uint64_t)number << TYPE_BITS | type);
}

void protobuf_write_uint(struct buf *out, uint32_t number, uint64_t value)
{
	if (value == 0)
		return;
	add_tag(out, number, PROTOBUF_VARINT);
	add_varint(out, value);
}

void protobuf_write_bytes(struct buf *out, uint32_t number, const void *bytes, size_t length)
{
	add_tag(out, number, PROTOBUF_BYTES);
	add_varint(out, length);
	if (length)
		buf_add(out, bytes, length);
}

void protobuf_write_text(struct buf *out, uint32_t number, const char *text)
{
	if (!str_is_empty(text))
		protobuf_write_bytes(out, number, text, strlen(text));
}

void protobuf_write_pair(struct buf *out, uint32_t number, const char *key, const char *value)
{
	_cleanup_buf_ struct buf entry = BUF_INIT;

	protobuf_write_text(&entry, 1, key);
	protobuf_write_text(&entry, 2, value);
	protobuf_write_bytes(out, number, entry.data, entry.length);
}

void protobuf_write_time(struct buf *out, uint32_t number, int64_t ns)
{
	_cleanup_buf_ struct buf time = BUF_INIT;

	if (ns <= 0)
		return;
	protobuf_write_uint(&time, 1, (uint64_t)(ns / NS_PER_S));
	protobuf_write_uint(&time, 2, (uint64_t)(ns % NS_PER_S));
	protobuf_write_bytes(out, number, time.data, time.length);
}
