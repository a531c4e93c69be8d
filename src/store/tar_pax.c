/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tar_pax.h"

#include "base/memory.h"
#include "base/str.h"

#include <string.h>

#define SCHILY_XATTR "SCHILY.xattr."
#define LIBARCHIVE_XATTR "LIBARCHIVE.xattr."

/* A record of one header, its value NUL-terminated. */
struct record {
	char *key;
	char *value;
	size_t length;
};

struct parse {
	struct tar_pax *pax;
	uint64_t sparse_offset; /* GNU.sparse 0.0: waits for its length */
	bool has_sparse_offset;
	unsigned sparse_major, sparse_minor;
	bool has_version;
};

/* ---- values ------------------------------------------------------------------------ */

/* Decimal digits and nothing else. */
static bool parse_number(const char *text, uint64_t limit, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	if (value > limit)
		return false;
	*ret = value;
	return true;
}

/* Seconds with a fraction of any length, of which nine digits count. */
static bool parse_time(char *text, struct timespec *ret)
{
	bool negative = *text == '-';
	char *dot = strchr(text, '.');
	uint64_t seconds;
	long nanoseconds = 0;

	if (dot) {
		long unit = 100000000;

		*dot = '\0';
		for (char *c = dot + 1; *c; c++, unit /= 10) {
			if (*c < '0' || *c > '9')
				return false;
			nanoseconds += unit * (*c - '0');
		}
	}
	if (!parse_number(text + negative, INT64_MAX - 1, &seconds))
		return false;
	ret->tv_sec = negative ? -(time_t)seconds : (time_t)seconds;
	ret->tv_nsec = nanoseconds;
	if (negative && nanoseconds) {
		ret->tv_sec--;
		ret->tv_nsec = 1000000000 - nanoseconds;
	}
	return true;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place; the result is never longer. Padding may be missing, as libarchive leaves it out. */
static bool decode_base64(char *text, size_t *length)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t used = 0;

	for (size_t i = 0; i < *length && text[i] != '='; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			text[used++] = (char)(bits >> count);
		}
	}
	*length = used;
	return true;
}

static void decode_percent(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '%' && str_hex_digit(text[1]) >= 0 && str_hex_digit(text[2]) >= 0) {
			*to++ = (char)(str_hex_digit(text[1]) << 4 | str_hex_digit(text[2]));
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* ---- extended attributes ------------------------------------------------------------- */

static const char *add_xattr(struct tar_pax *pax, const char *name, const char *value, size_t length, bool replace)
{
	size_t i;

	if (!*name)
		return "an extended attribute without a name";
	for (i = 0; i < pax->xattr_count; i++)
		if (strcmp(pax->xattrs[i].name, name) == 0)
			break;
	if (i < pax->xattr_count && !replace)
		return NULL;
	if (i == pax->xattr_count) {
		if (i == TAR_XATTR_LIMIT)
			return "too many extended attributes";
		/* Grown in steps of 16. */
		if (i % 16 == 0)
			pax->xattrs = memory_resize(pax->xattrs, i + 16, sizeof *pax->xattrs);
		pax->xattr_count++;
	}
	pax->xattrs[i] = (struct tar_xattr){ name, (const uint8_t *)value, length };
	return NULL;
}

/* ---- sparse files ---------------------------------------------------------------------- */

const char *tar_pax_add_extent(struct tar_pax *pax, uint64_t offset, uint64_t length)
{
	size_t count = pax->extent_count;

	if (count == TAR_EXTENT_LIMIT)
		return "too many parts of a sparse file";
	if (length > INT64_MAX || offset > INT64_MAX - length)
		return "a part of a sparse file lies out of reach";
	/* Doubled at each power of two from 16. */
	if (count == 0 || (count >= 16 && (count & (count - 1)) == 0))
		pax->extents = memory_resize(pax->extents, count < 16 ? 16 : 2 * count, sizeof *pax->extents);
	pax->extents[pax->extent_count++] = (struct tar_extent){ offset, length };
	return NULL;
}

/* "offset,length,offset,length…" */
static const char *parse_map(struct tar_pax *pax, char *text)
{
	pax->extent_count = 0;
	while (*text) {
		uint64_t numbers[2];

		for (int i = 0; i < 2; i++) {
			size_t length = strcspn(text, ",");
			bool last = text[length] == '\0';

			text[length] = '\0';
			if (!parse_number(text, INT64_MAX, &numbers[i]) || (last && i == 0))
				return "a bad GNU.sparse.map";
			text += length + !last;
		}
		const char *words = tar_pax_add_extent(pax, numbers[0], numbers[1]);

		if (words)
			return words;
	}
	return NULL;
}

static const char *parse_sparse_version(struct parse *parse, const char *key, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 99, &number))
		return "a bad version of GNU.sparse";
	*(strcmp(key, "major") == 0 ? &parse->sparse_major : &parse->sparse_minor) = (unsigned)number;
	parse->has_version = true;
	return NULL;
}

static const char *parse_sparse(struct parse *parse, struct record *record)
{
	struct tar_pax *pax = parse->pax;
	const char *key = record->key + strlen("GNU.sparse.");
	uint64_t number;

	if (strcmp(key, "name") == 0) {
		pax->sparse_path = record->value;
		return NULL;
	}
	if (strcmp(key, "major") == 0 || strcmp(key, "minor") == 0)
		return parse_sparse_version(parse, key, record->value);
	if (strcmp(key, "map") == 0) {
		pax->set |= TAR_PAX_SPARSE;
		return parse_map(pax, record->value);
	}
	if (!parse_number(record->value, INT64_MAX, &number))
		return "a bad number in GNU.sparse";
	if (strcmp(key, "realsize") == 0 || strcmp(key, "size") == 0) {
		pax->real_size = number;
		pax->set |= TAR_PAX_REAL_SIZE;
	} else if (strcmp(key, "numblocks") == 0) {
		pax->set |= TAR_PAX_SPARSE;
	} else if (strcmp(key, "offset") == 0) {
		parse->sparse_offset = number;
		parse->has_sparse_offset = true;
	} else if (strcmp(key, "numbytes") == 0) {
		if (!parse->has_sparse_offset)
			return "GNU.sparse.numbytes without an offset";
		parse->has_sparse_offset = false;
		pax->set |= TAR_PAX_SPARSE;
		return tar_pax_add_extent(pax, parse->sparse_offset, number);
	}
	return NULL;
}

/* ---- records ------------------------------------------------------------------------------ */

static const char *parse_id(struct tar_pax *pax, const char *value, unsigned member, uint32_t *target)
{
	uint64_t number;

	/* The highest means "none" to the kernel. */
	if (!parse_number(value, UINT32_MAX - 1, &number))
		return member == TAR_PAX_UID ? "a bad uid" : "a bad gid";
	*target = (uint32_t)number;
	pax->set |= member;
	return NULL;
}

static const char *parse_text(struct record *record, const char **target)
{
	if (strlen(record->value) != record->length)
		return "a NUL inside a name";
	*target = record->length ? record->value : NULL;
	return NULL;
}

static const char *parse_size(struct tar_pax *pax, const char *value)
{
	if (!parse_number(value, INT64_MAX, &pax->size))
		return "a bad size";
	pax->set |= TAR_PAX_SIZE;
	return NULL;
}

static const char *parse_moment(struct tar_pax *pax, char *value, unsigned member, struct timespec *target)
{
	if (!parse_time(value, target))
		return "a bad time";
	pax->set |= member;
	return NULL;
}

static const char *parse_libarchive_xattr(struct tar_pax *pax, struct record *record)
{
	char *name = record->key + strlen(LIBARCHIVE_XATTR);

	decode_percent(name);
	if (!decode_base64(record->value, &record->length))
		return "an extended attribute that is no base64";
	/* The same attribute may stand beside it in star's form, which needs no decoding. */
	return add_xattr(pax, name, record->value, record->length, false);
}

/* An empty value takes back what an earlier header said. */
static const char *forget(struct tar_pax *pax, const char *key)
{
	static const struct {
		const char *key;
		unsigned member;
	} numbers[] = {
		{ "size", TAR_PAX_SIZE }, { "uid", TAR_PAX_UID }, { "gid", TAR_PAX_GID },
		{ "mtime", TAR_PAX_MTIME }, { "atime", TAR_PAX_ATIME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
			pax->set &= ~numbers[i].member;
	return NULL;
}

static const char *parse_record(struct parse *parse, struct record *record)
{
	struct tar_pax *pax = parse->pax;
	const char *key = record->key;

	if (str_starts_with(key, SCHILY_XATTR))
		return add_xattr(pax, key + strlen(SCHILY_XATTR), record->value, record->length, true);
	if (str_starts_with(key, LIBARCHIVE_XATTR))
		return parse_libarchive_xattr(pax, record);
	if (str_starts_with(key, "GNU.sparse."))
		return parse_sparse(parse, record);
	if (strcmp(key, "path") == 0)
		return parse_text(record, &pax->path);
	if (strcmp(key, "linkpath") == 0)
		return parse_text(record, &pax->target);
	if (strcmp(key, "SCHILY.acl.access") == 0)
		return parse_text(record, &pax->acl_access);
	if (strcmp(key, "SCHILY.acl.default") == 0)
		return parse_text(record, &pax->acl_default);
	if (record->length == 0)
		return forget(pax, key);
	if (strcmp(key, "size") == 0)
		return parse_size(pax, record->value);
	if (strcmp(key, "uid") == 0)
		return parse_id(pax, record->value, TAR_PAX_UID, &pax->uid);
	if (strcmp(key, "gid") == 0)
		return parse_id(pax, record->value, TAR_PAX_GID, &pax->gid);
	if (strcmp(key, "mtime") == 0)
		return parse_moment(pax, record->value, TAR_PAX_MTIME, &pax->mtime);
	if (strcmp(key, "atime") == 0)
		return parse_moment(pax, record->value, TAR_PAX_ATIME, &pax->atime);
	/* Comments, character sets, other people's keys. */
	return NULL;
}

/* "LENGTH KEY=VALUE\n", LENGTH counting all of it. Returns what it takes, or 0. */
static size_t split_record(char *bytes, size_t length, struct record *ret)
{
	size_t total = 0, digits = 0;
	char *equals;

	for (; digits < length && bytes[digits] >= '0' && bytes[digits] <= '9'; digits++) {
		if (digits == 8)
			return 0;
		total = total * 10 + (size_t)(bytes[digits] - '0');
	}
	if (digits == 0 || digits == length || bytes[digits] != ' ' || total > length || total < digits + 4 || bytes[total - 1] != '\n')
		return 0;
	ret->key = bytes + digits + 1;
	equals = memchr(ret->key, '=', total - digits - 2);
	if (!equals || equals == ret->key || memchr(ret->key, '\0', (size_t)(equals - ret->key)))
		return 0;
	*equals = '\0';
	ret->value = equals + 1;
	ret->length = (size_t)(bytes + total - 1 - ret->value);
	ret->value[ret->length] = '\0';
	return total;
}

static const char *check_sparse(struct parse *parse)
{
	if (parse->has_sparse_offset)
		return "GNU.sparse.offset without a length";
	if (!parse->has_version || (parse->sparse_major == 0 && parse->sparse_minor <= 1))
		return NULL;
	if (parse->sparse_major != 1 || parse->sparse_minor != 0)
		return "an unknown version of GNU.sparse";
	parse->pax->set |= TAR_PAX_SPARSE_MAP;
	return NULL;
}

const char *tar_pax_parse(struct tar_pax *pax, char *bytes, size_t length)
{
	struct parse parse = { .pax = pax };

	while (length) {
		struct record record;
		size_t taken = split_record(bytes, length, &record);
		const char *words = taken ? parse_record(&parse, &record) : "a bad record of the extended header";

		if (words)
			return words;
		bytes += taken;
		length -= taken;
	}
	return check_sparse(&parse);
}

void tar_pax_copy(struct tar_pax *pax, const struct tar_pax *from)
{
	*pax = *from;
	pax->xattrs = NULL;
	pax->xattr_count = 0;
	pax->extents = NULL;
	pax->extent_count = 0;
	for (size_t i = 0; i < from->xattr_count; i++)
		add_xattr(pax, from->xattrs[i].name, (const char *)from->xattrs[i].value, from->xattrs[i].length, true);
	for (size_t i = 0; i < from->extent_count; i++)
		tar_pax_add_extent(pax, from->extents[i].offset, from->extents[i].length);
}

void tar_pax_done(struct tar_pax *pax)
{
	free(pax->xattrs);
	free(pax->extents);
	*pax = (struct tar_pax){ 0 };
}
