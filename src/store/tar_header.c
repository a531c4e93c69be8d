/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tar_header.h"

#include <string.h>

enum tar_format tar_header_format(const struct tar_header *header)
{
	if (memcmp(header->magic, "ustar  ", 8) == 0)
		return TAR_GNU;
	if (memcmp(header->magic, "ustar", 6) != 0)
		return TAR_V7;
	return memcmp(header->rest + 8, "tar", 4) == 0 ? TAR_STAR : TAR_USTAR;
}

static void sums_of(const struct tar_header *header, int64_t *ret_unsigned, int64_t *ret_signed)
{
	const unsigned char *bytes = (const unsigned char *)header;
	int64_t plain = 0, with_sign = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool in_field = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, type);
		unsigned char byte = in_field ? ' ' : bytes[i];

		plain += byte;
		with_sign += (signed char)byte;
	}
	*ret_unsigned = plain;
	*ret_signed = with_sign;
}

bool tar_header_is_intact(const struct tar_header *header)
{
	int64_t plain, with_sign, written;

	sums_of(header, &plain, &with_sign);
	return tar_number_parse(header->checksum, sizeof header->checksum, &written) && (written == plain || written == with_sign);
}

void tar_header_seal(struct tar_header *header)
{
	int64_t plain, with_sign;

	sums_of(header, &plain, &with_sign);
	tar_number_format(header->checksum, sizeof header->checksum - 1, (uint64_t)plain);
	header->checksum[sizeof header->checksum - 1] = ' ';
}

bool tar_header_is_zero(const struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, TAR_BLOCK - 1) == 0;
}

/* Two's complement, the highest byte without its highest bit, which says that it is one. */
static bool parse_binary(const unsigned char *field, size_t size, int64_t *ret)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = i == 0 ? (uint8_t)((field[0] & 0x7f) | (negative ? 0x80 : 0)) : field[i];

		/* What is pushed out must be nothing but the sign. */
		if (value >> 55 != (negative ? 0x1ff : 0))
			return false;
		value = value << 8 | byte;
	}
	*ret = (int64_t)value;
	return true;
}

bool tar_number_parse(const char *field, size_t size, int64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if ((unsigned char)field[0] & 0x80)
		return parse_binary((const unsigned char *)field, size, ret);
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
		if (value >> 60)
			return false;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	if (i < size && field[i] != ' ' && field[i] != '\0')
		return false;
	*ret = (int64_t)value;
	return true;
}

bool tar_number_format(char *field, size_t size, uint64_t number)
{
	bool fits;

	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; number >>= 3)
		field[i] = (char)('0' + (number & 7));
	fits = number == 0;
	if (!fits)
		memset(field, '0', size - 1);
	return fits;
}
