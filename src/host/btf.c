/* SPDX-License-Identifier: Apache-2.0 */
/* The layout is that of <linux/btf.h>: a header, the types one after the other, and their names. */
#include "host/btf.h"

#include <stdbool.h>
#include <string.h>

#define MAGIC 0xeb9f
#define VERSION 1

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_length, types_offset, types_length, names_offset, names_length;
};

struct type {
	uint32_t name, info, size;
};

struct member {
	uint32_t name, type, offset;
};

struct reader {
	const char *types, *names;
	size_t types_length, names_length;
	size_t at;   /* of the next type */
	uint32_t id; /* of the last one read */
};

/* What follows a type of each kind: so many bytes, and so many for each of its elements. */
static const struct {
	uint8_t fixed, each;
} trailers[] = {
	[1] = { 4, 0 },   /* INT */
	[3] = { 12, 0 },  /* ARRAY */
	[4] = { 0, 12 },  /* STRUCT */
	[5] = { 0, 12 },  /* UNION */
	[6] = { 0, 8 },   /* ENUM */
	[13] = { 0, 8 },  /* FUNC_PROTO */
	[14] = { 4, 0 },  /* VAR */
	[15] = { 0, 12 }, /* DATASEC */
	[17] = { 4, 0 },  /* DECL_TAG */
	[19] = { 0, 12 }, /* ENUM64 */
};

static unsigned kind_of(const struct type *type)
{
	return type->info >> 24 & 0x1f;
}

static unsigned count_of(const struct type *type)
{
	return type->info & 0xffff;
}

static int reader_open(struct reader *ret, const char *bytes, size_t size)
{
	struct header header;
	uint64_t types, names;

	if (size < sizeof header || size > BTF_LIMIT)
		return -EBADMSG;
	memcpy(&header, bytes, sizeof header);
	types = (uint64_t)header.header_length + header.types_offset;
	names = (uint64_t)header.header_length + header.names_offset;
	if (header.magic != MAGIC || header.version != VERSION || types + header.types_length > size || names + header.names_length > size)
		return -EBADMSG;
	/* Every name ends within. */
	if (header.names_length == 0 || bytes[names + header.names_length - 1] != '\0')
		return -EBADMSG;
	*ret = (struct reader){ .types = bytes + types, .names = bytes + names, .types_length = header.types_length, .names_length = header.names_length };
	return 0;
}

/* 1 with the next type and where what follows it begins, 0 behind the last, or -EBADMSG. */
static int reader_next(struct reader *reader, struct type *ret, const char **ret_trailer)
{
	size_t left = reader->types_length - reader->at, length;

	if (left == 0)
		return 0;
	if (left < sizeof *ret)
		return -EBADMSG;
	memcpy(ret, reader->types + reader->at, sizeof *ret);
	length = sizeof *ret;
	/* A kind that is not known has a length that is not known either. */
	if (kind_of(ret) > 19 || kind_of(ret) == 0)
		return -EBADMSG;
	if (kind_of(ret) < ARRAY_SIZE(trailers))
		length += trailers[kind_of(ret)].fixed + (size_t)trailers[kind_of(ret)].each * count_of(ret);
	if (length > left)
		return -EBADMSG;
	*ret_trailer = reader->types + reader->at + sizeof *ret;
	reader->at += length;
	reader->id++;
	return 1;
}

static bool is_named(const struct reader *reader, uint32_t offset, const char *name)
{
	return offset < reader->names_length && strcmp(reader->names + offset, name) == 0;
}

/* The first type of KIND and NAME. */
static int find(struct reader *reader, unsigned kind, const char *name, struct type *ret, const char **ret_trailer)
{
	int r;

	while ((r = reader_next(reader, ret, ret_trailer)) > 0)
		if (kind_of(ret) == kind && is_named(reader, ret->name, name))
			return 0;
	return r < 0 ? r : -ENOENT;
}

int btf_find(const void *bytes, size_t size, enum btf_kind kind, const char *name, uint32_t *ret_id)
{
	const char *trailer;
	struct reader reader;
	struct type type;
	int r = reader_open(&reader, bytes, size);

	if (r == 0)
		r = find(&reader, kind, name, &type, &trailer);
	if (r == 0)
		*ret_id = reader.id;
	return r;
}

int btf_find_member(const void *bytes, size_t size, const char *name, const char *member, uint32_t *ret_offset)
{
	const char *trailer = NULL;
	struct reader reader;
	struct type type;
	int r = reader_open(&reader, bytes, size);

	if (r == 0)
		r = find(&reader, BTF_STRUCT, name, &type, &trailer);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < count_of(&type); i++) {
		struct member entry;

		memcpy(&entry, trailer + i * sizeof entry, sizeof entry);
		if (!is_named(&reader, entry.name, member))
			continue;
		/* In a struct with bit fields the upper byte has their size. */
		if (type.info >> 31)
			entry.offset &= 0xffffff;
		*ret_offset = entry.offset / 8;
		return 0;
	}
	return -ENOENT;
}
