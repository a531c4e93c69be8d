/* SPDX-License-Identifier: Apache-2.0 */
#include "build/sqlite_table.h"
#include "base/memory.h"
#include "base/str.h"

#include <string.h>

#define MAGIC "SQLite format 3"
#define HEADER 100        /* bytes before the tree of page 1 */
#define DEPTH_LIMIT 20    /* of a tree */
#define PAGE_MINIMUM 512u
#define SCHEMA_PAGE 1
#define LEAF 0x0d
#define INNER 0x05

struct reader {
	const uint8_t *bytes;
	size_t length;
	uint32_t page_size, usable; /* bytes */
	uint32_t page_count;
	uint32_t visited;           /* pages of trees so far: no more than there are */
	uint64_t taken;             /* bytes of rows so far: likewise */
	sqlite_each *each;
	void *context;
	bool was_ended;             /* by .each */
};

/* ---- numbers ----------------------------------------------------------------------------- */

static uint32_t get(const uint8_t *bytes, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Advances *AT, which ends before END; false: it does not end. */
static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (int i = 0; i < 9 && *at < end; i++) {
		uint8_t byte = *(*at)++;

		value = i == 8 ? value << 8 | byte : value << 7 | (byte & 0x7f);
		if (i == 8 || !(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Of a type's value; (size_t)-1: there is no such type. */
static uint64_t size_of_type(uint64_t type)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };

	if (type < sizeof sizes)
		return sizes[type];
	return type < 12 ? UINT64_MAX : (type - 12) / 2;
}

static struct sqlite_value make_value(uint64_t type, const uint8_t *bytes, size_t length)
{
	struct sqlite_value value = { .length = length };

	if (type >= 12)
		value.bytes = bytes;
	else if (type == 9)
		value.integer = 1;
	else if (type >= 1 && type <= 6)
		for (size_t i = 0; i < length; i++)
			value.integer = (int64_t)((uint64_t)(i == 0 ? (int64_t)(int8_t)bytes[0] : value.integer * 256 + bytes[i]));
	return value;
}

static int read_row(struct reader *reader, const uint8_t *payload, size_t length)
{
	struct sqlite_value values[SQLITE_VALUES] = { 0 };
	const uint8_t *at = payload, *end = payload + length, *types_end, *data;
	uint64_t header = 0, type = 0;
	int r;

	if (!get_varint(&at, end, &header) || header > length)
		return -EINVAL;
	types_end = data = payload + header;
	for (size_t i = 0; i < SQLITE_VALUES && at < types_end; i++) {
		uint64_t size;

		if (!get_varint(&at, types_end, &type))
			return -EINVAL;
		size = size_of_type(type);
		if (size > (uint64_t)(end - data))
			return -EINVAL;
		values[i] = make_value(type, data, (size_t)size);
		data += size;
	}
	r = reader->each(reader->context, values);
	reader->was_ended = r < 0;
	return r;
}

/* ---- pages -------------------------------------------------------------------------------------- */

static const uint8_t *find_page(const struct reader *reader, uint32_t number)
{
	return number >= 1 && number <= reader->page_count ? reader->bytes + (size_t)(number - 1) * reader->page_size : NULL;
}

/* How much of a payload of SIZE bytes is in the leaf itself. */
static size_t local_size(const struct reader *reader, uint64_t size)
{
	uint64_t most = reader->usable - 35, least = (reader->usable - 12) * 32 / 255 - 23, some;

	if (size <= most)
		return (size_t)size;
	some = least + (size - least) % (reader->usable - 4);
	return (size_t)(some <= most ? some : least);
}

/* The rest of a payload from a chain of pages. */
static int gather(const struct reader *reader, uint32_t page, uint8_t *to, size_t left)
{
	size_t room = reader->usable - 4;

	while (left > 0) {
		const uint8_t *bytes = find_page(reader, page);
		size_t part = left < room ? left : room;

		if (!bytes)
			return -EINVAL;
		memcpy(to, bytes + 4, part);
		page = get(bytes, 4);
		to += part;
		left -= part;
	}
	return 0;
}

static int read_cell(struct reader *reader, const uint8_t *at, const uint8_t *end)
{
	uint64_t size = 0, row = 0;
	_cleanup_free_ uint8_t *whole = NULL;
	size_t local;
	int r;

	if (!get_varint(&at, end, &size) || !get_varint(&at, end, &row) || size > reader->length - reader->taken)
		return -EINVAL;
	reader->taken += size;
	local = local_size(reader, size);
	if (local > (size_t)(end - at))
		return -EINVAL;
	if (local == size)
		return read_row(reader, at, local);
	if ((size_t)(end - at) - local < 4)
		return -EINVAL;
	whole = malloc((size_t)size);
	if (!whole)
		return -ENOMEM;
	memcpy(whole, at, local);
	r = gather(reader, get(at + local, 4), whole + local, (size_t)size - local);
	return r < 0 ? r : read_row(reader, whole, (size_t)size);
}

static int read_tree(struct reader *reader, uint32_t number, unsigned depth);

/* Whether the page has a table's part, and where; OFFSET: of its header. */
static int read_page(struct reader *reader, const uint8_t *page, size_t offset, unsigned depth)
{
	const uint8_t *head = page + offset, *end = page + reader->usable;
	size_t head_size = head[0] == INNER ? 12 : 8, count = get(head + 3, 2);
	int r = 0;

	if ((head[0] != INNER && head[0] != LEAF) || offset + head_size + 2 * count > reader->usable)
		return -EINVAL;
	for (size_t i = 0; r == 0 && i < count; i++) {
		size_t at = get(head + head_size + 2 * i, 2);

		if (at + 4 > reader->usable)
			return -EINVAL;
		r = head[0] == INNER ? read_tree(reader, get(page + at, 4), depth + 1) : read_cell(reader, page + at, end);
	}
	return r == 0 && head[0] == INNER ? read_tree(reader, get(head + 8, 4), depth + 1) : r;
}

static int read_tree(struct reader *reader, uint32_t number, unsigned depth)
{
	const uint8_t *page = find_page(reader, number);

	if (!page || depth > DEPTH_LIMIT || reader->visited++ >= reader->page_count)
		return -EINVAL;
	return read_page(reader, page, number == SCHEMA_PAGE ? HEADER : 0, depth);
}

/* ---- tables ---------------------------------------------------------------------------------------- */

struct search {
	const char *table;
	uint32_t root; /* 0: not found */
};

static bool is_text(const struct sqlite_value *value, const char *text)
{
	return value->bytes && value->length == strlen(text) && memcmp(value->bytes, text, value->length) == 0;
}

/* The schema: type, name, name of the table, its page, the statement that made it. */
static int find_table(void *context, const struct sqlite_value values[SQLITE_VALUES])
{
	struct search *search = context;

	if (is_text(&values[0], "table") && is_text(&values[1], search->table) && values[3].integer > 0 && values[3].integer <= UINT32_MAX)
		search->root = (uint32_t)values[3].integer;
	return 0;
}

static bool open_file(const uint8_t *bytes, size_t length, struct reader *ret)
{
	struct reader reader = { .bytes = bytes, .length = length };

	if (length < PAGE_MINIMUM || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
		return false;
	reader.page_size = get(bytes + 16, 2) == 1 ? 65536 : get(bytes + 16, 2);
	if (reader.page_size < PAGE_MINIMUM || (reader.page_size & (reader.page_size - 1)) != 0 || reader.page_size - bytes[20] < PAGE_MINIMUM - 32)
		return false;
	reader.usable = reader.page_size - bytes[20];
	reader.page_count = (uint32_t)(length / reader.page_size < UINT32_MAX ? length / reader.page_size : UINT32_MAX);
	*ret = reader;
	return reader.page_count > 0;
}

static int run(struct reader *reader, uint32_t root, sqlite_each *each, void *context, struct error *err)
{
	int r;

	reader->each = each;
	reader->context = context;
	reader->visited = 0;
	reader->taken = 0;
	r = read_tree(reader, root, 0);
	return r < 0 && !reader->was_ended ? error_set(err, ERROR_INVALID, r == -ENOMEM ? ENOMEM : 0, "the SQLite database is damaged") : r;
}

int sqlite_table_read(const uint8_t *bytes, size_t length, const char *table, sqlite_each *each, void *context, struct error *err)
{
	struct search search = { .table = table };
	struct reader reader;
	int r;

	if (!open_file(bytes, length, &reader))
		return error_set(err, ERROR_INVALID, 0, "it is no SQLite database");
	r = run(&reader, SCHEMA_PAGE, find_table, &search, err);
	if (r == 0 && !search.root)
		r = error_set(err, ERROR_NOT_FOUND, 0, "the SQLite database has no table '%s'", table);
	return r < 0 ? r : run(&reader, search.root, each, context, err);
}
