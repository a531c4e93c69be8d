/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/log_record.h"

#include <endian.h>
#include <inttypes.h>

#define FLAG_PARTIAL 1
#define TRAILER 4

/* As it stands in the file; alignment is nobody's business there. */
struct header {
	uint32_t length;
	uint8_t stream, flags;
	int64_t time_ns;
} __attribute__((packed));

void spec_log_record_encode(const struct spec_log_record *record, struct buf *out)
{
	struct header header = {
		.length = htole32(record->length),
		.stream = (uint8_t)record->stream,
		.flags = record->partial ? FLAG_PARTIAL : 0,
		.time_ns = (int64_t)htole64((uint64_t)record->time_ns),
	};

	buf_add(out, &header, sizeof header);
	buf_add(out, record->text, record->length);
	buf_add(out, &header.length, TRAILER);
}

/* The length that BYTES begin with, in this machine's order. */
static uint32_t read_length(const uint8_t *bytes)
{
	uint32_t length;

	memcpy(&length, bytes, sizeof length);
	return le32toh(length);
}

int spec_log_record_decode(const void *bytes, size_t length, struct spec_log_record *ret, size_t *ret_length)
{
	const uint8_t *start = bytes;
	struct header header;
	uint32_t text;

	if (length < sizeof header)
		return -ENODATA;
	memcpy(&header, start, sizeof header);
	text = le32toh(header.length);
	if (text > SPEC_LOG_TEXT_LIMIT || (header.stream != 1 && header.stream != 2) || (header.flags & ~FLAG_PARTIAL))
		return -EBADMSG;
	if (length < sizeof header + text + TRAILER)
		return -ENODATA;
	if (read_length(start + sizeof header + text) != text)
		return -EBADMSG;
	*ret = (struct spec_log_record){
		.stream = header.stream,
		.partial = header.flags & FLAG_PARTIAL,
		.time_ns = (int64_t)le64toh((uint64_t)header.time_ns),
		.text = (const char *)start + sizeof header,
		.length = text,
	};
	*ret_length = sizeof header + text + TRAILER;
	return 0;
}

int spec_log_record_decode_last(const void *bytes, size_t length, struct spec_log_record *ret, size_t *ret_length)
{
	const uint8_t *start = bytes;
	size_t whole;
	uint32_t text;

	if (length < sizeof(struct header) + TRAILER)
		return -ENODATA;
	text = read_length(start + length - TRAILER);
	if (text > SPEC_LOG_TEXT_LIMIT)
		return -EBADMSG;
	whole = sizeof(struct header) + text + TRAILER;
	if (length < whole)
		return -ENODATA;
	/* What precedes decides where it ends: another length there, and this is no record. */
	if (read_length(start + length - whole) != text)
		return -EBADMSG;
	return spec_log_record_decode(start + length - whole, whole, ret, ret_length);
}

void spec_log_segment_name(uint64_t number, char ret[static SPEC_LOG_SEGMENT_NAME])
{
	snprintf(ret, SPEC_LOG_SEGMENT_NAME, "%08" PRIu64 ".log", number);
}

uint64_t spec_log_segment_number(const char *name, bool *ret_is_compressed)
{
	char digits[SPEC_LOG_SEGMENT_NAME];
	size_t length = strspn(name, "0123456789");
	bool is_compressed = str_equal(name + length, ".log.zst");
	uint64_t number;

	if (length == 0 || length >= sizeof digits || (!is_compressed && !str_equal(name + length, ".log")))
		return 0;
	memcpy(digits, name, length);
	digits[length] = '\0';
	if (ret_is_compressed)
		*ret_is_compressed = is_compressed;
	return str_to_u64(digits, 10, &number) < 0 ? 0 : number;
}
