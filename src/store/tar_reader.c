/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tar_reader.h"

#include "base/memory.h"
#include "base/str.h"
#include "store/tar_header.h"

#include <string.h>

/* Of GNU's old form: 4 parts in the header, 21 in each block that follows. */
struct old_extent {
	char offset[12];
	char length[12];
};
#define OLD_EXTENTS_AT 386
#define OLD_EXTENTS 4
#define OLD_IS_EXTENDED_AT 482
#define OLD_REAL_SIZE_AT 483
#define OLD_MORE_EXTENTS 21
#define OLD_MORE_IS_EXTENDED_AT 504

struct tar_reader {
	struct stream stream;
	const uint8_t *block; /* what is left of the stream's last block */
	size_t length;
	bool stream_ended;
	uint64_t position; /* in the stream */
	int (*skip)(void *context, uint64_t count, struct error *err);
	void *skip_context;

	/* The member at hand. */
	uint64_t data_left; /* bytes of data in the archive */
	unsigned padding;   /* zeros behind them */
	size_t extent; /* where tar_reader_data() is */
	uint64_t extent_done;
	struct tar_extent whole; /* of a file without holes */
	const struct tar_extent *extents;
	size_t extent_count;

	/* What goes before the fields of its header. */
	struct tar_pax global, pax;
	struct arena *global_arena;
	size_t global_length;
	struct buf extended, long_path, long_target;
	char path[sizeof ((struct tar_header *)0)->prefix + 1 + sizeof ((struct tar_header *)0)->name + 1];
	char target[sizeof ((struct tar_header *)0)->target + 1];
	bool ended;
};

struct tar_reader *tar_reader_new(struct stream stream)
{
	struct tar_reader *reader = memory_new(1, sizeof *reader);

	reader->stream = stream;
	reader->global_arena = arena_new();
	return reader;
}

void tar_reader_free(struct tar_reader *reader)
{
	if (!reader)
		return;
	tar_pax_done(&reader->global);
	tar_pax_done(&reader->pax);
	arena_free(reader->global_arena);
	buf_done(&reader->extended);
	buf_done(&reader->long_path);
	buf_done(&reader->long_target);
	free(reader);
}

static int bad(const struct tar_reader *reader, const char *words, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "the archive is damaged at byte %ju: %s", (uintmax_t)reader->position, words);
}

/* ---- bytes -------------------------------------------------------------------------- */

static int fill(struct tar_reader *reader, struct error *err)
{
	int r;

	if (reader->length || reader->stream_ended)
		return 0;
	r = stream_next(reader->stream, &reader->block, &reader->length, err);
	if (r < 0)
		return r;
	reader->stream_ended = reader->length == 0;
	return 0;
}

/* At most LIMIT bytes from where the reader is. None: the stream has ended. */
static int take(struct tar_reader *reader, uint64_t limit, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	int r = fill(reader, err);
	size_t length;

	if (r < 0)
		return r;
	length = reader->length < limit ? reader->length : (size_t)limit;
	*ret_bytes = reader->block;
	*ret_length = length;
	reader->block += length;
	reader->length -= length;
	reader->position += length;
	return 0;
}

/* Copies LENGTH bytes. 1; 0 if there is not one; an error if there are some. */
static int read_exactly(struct tar_reader *reader, void *target, size_t length, struct error *err)
{
	size_t got = 0;

	while (got < length) {
		const uint8_t *bytes;
		size_t n;
		int r = take(reader, length - got, &bytes, &n, err);

		if (r < 0)
			return r;
		if (n == 0)
			return got ? bad(reader, "it ends too early", err) : 0;
		memcpy((char *)target + got, bytes, n);
		got += n;
	}
	return 1;
}

static int must_read(struct tar_reader *reader, void *target, size_t length, struct error *err)
{
	int r = read_exactly(reader, target, length, err);

	return r == 0 ? bad(reader, "it ends too early", err) : r;
}

/* All but the last of COUNT bytes: that one is read, so that an archive that ends before is found out. */
static int seek(struct tar_reader *reader, uint64_t *count, struct error *err)
{
	uint64_t far = *count - reader->length - 1;
	int r = reader->skip(reader->skip_context, far, err);

	if (r < 0)
		return r;
	reader->position += reader->length + far;
	reader->length = 0;
	*count = 1;
	return 0;
}

static int skip_bytes(struct tar_reader *reader, uint64_t count, struct error *err)
{
	int r = 0;

	if (reader->skip && !reader->stream_ended && count > reader->length + 1)
		r = seek(reader, &count, err);
	if (r < 0)
		return r;
	while (count) {
		const uint8_t *bytes;
		size_t n;

		r = take(reader, count, &bytes, &n, err);

		if (r < 0)
			return r;
		if (n == 0)
			return bad(reader, "it ends too early", err);
		count -= n;
	}
	return 0;
}

static unsigned padding_of(uint64_t size)
{
	return (unsigned)(-size % TAR_BLOCK);
}

/* ---- extended headers ------------------------------------------------------------------ */

static int size_of(struct tar_reader *reader, const struct tar_header *header, uint64_t *ret, struct error *err)
{
	int64_t size;

	if (!tar_number_parse(header->size, sizeof header->size, &size) || size < 0)
		return bad(reader, "a bad size", err);
	*ret = (uint64_t)size;
	return 0;
}

/* The data of a header that is about the next member into *BUF. */
static int read_body(struct tar_reader *reader, const struct tar_header *header, struct buf *buf, struct error *err)
{
	uint64_t size = 0, left;
	int r = size_of(reader, header, &size, err);

	if (r < 0)
		return r;
	if (size > TAR_HEADER_LIMIT)
		return bad(reader, "an extended header of more than 1 MiB", err);
	buf->length = 0;
	for (left = size; left;) {
		const uint8_t *bytes;
		size_t n;

		r = take(reader, left, &bytes, &n, err);
		if (r < 0)
			return r;
		if (n == 0)
			return bad(reader, "it ends too early", err);
		buf_add(buf, bytes, n);
		left -= n;
	}
	buf_add(buf, "", 0);
	return skip_bytes(reader, padding_of(size), err);
}

static int read_local(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	const char *words;
	int r;

	r = read_body(reader, header, &reader->extended, err);
	if (r < 0)
		return r;
	/* Of two in a row the last counts. */
	tar_pax_done(&reader->pax);
	tar_pax_copy(&reader->pax, &reader->global);
	words = tar_pax_parse(&reader->pax, reader->extended.data, reader->extended.length);
	return words ? bad(reader, words, err) : 0;
}

static int read_global(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	const char *words;
	char *kept;
	int r = read_body(reader, header, &body, err);

	if (r < 0)
		return r;
	reader->global_length += body.length;
	if (reader->global_length > TAR_HEADER_LIMIT)
		return bad(reader, "global headers of more than 1 MiB", err);
	kept = arena_alloc(reader->global_arena, body.length + 1, 1);
	memcpy(kept, body.data, body.length);
	words = tar_pax_parse(&reader->global, kept, body.length);
	if (words)
		return bad(reader, words, err);
	tar_pax_done(&reader->pax);
	tar_pax_copy(&reader->pax, &reader->global);
	return 0;
}

static int read_long(struct tar_reader *reader, const struct tar_header *header, struct buf *buf, struct error *err)
{
	int r = read_body(reader, header, buf, err);

	if (r < 0)
		return r;
	if (buf->length == 0 || strlen(buf->data) == 0)
		return bad(reader, "an empty long name", err);
	return 0;
}

static void forget_overrides(struct tar_reader *reader)
{
	tar_pax_done(&reader->pax);
	tar_pax_copy(&reader->pax, &reader->global);
	reader->extended.length = reader->long_path.length = reader->long_target.length = 0;
}

/* ---- sparse files ------------------------------------------------------------------------ */

static int add_old_extents(struct tar_reader *reader, const void *bytes, size_t count, struct error *err)
{
	const struct old_extent *list = bytes;

	for (size_t i = 0; i < count; i++) {
		int64_t offset, length;
		const char *words;

		/* The rest of the table is empty. */
		if (list[i].offset[0] == '\0' || list[i].length[0] == '\0')
			break;
		if (!tar_number_parse(list[i].offset, sizeof list[i].offset, &offset) || offset < 0 ||
		    !tar_number_parse(list[i].length, sizeof list[i].length, &length) || length < 0)
			return bad(reader, "a bad part of a sparse file", err);
		words = tar_pax_add_extent(&reader->pax, (uint64_t)offset, (uint64_t)length);
		if (words)
			return bad(reader, words, err);
	}
	return 0;
}

static int read_old_sparse(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	const char *bytes = (const char *)header;
	bool more = bytes[OLD_IS_EXTENDED_AT] != 0;
	int64_t real_size;
	int r;

	reader->pax.extent_count = 0;
	if (!tar_number_parse(bytes + OLD_REAL_SIZE_AT, 12, &real_size) || real_size < 0)
		return bad(reader, "a bad size of a sparse file", err);
	r = add_old_extents(reader, bytes + OLD_EXTENTS_AT, OLD_EXTENTS, err);
	while (r >= 0 && more) {
		char block[TAR_BLOCK];

		r = must_read(reader, block, sizeof block, err);
		if (r >= 0)
			r = add_old_extents(reader, block, OLD_MORE_EXTENTS, err);
		more = block[OLD_MORE_IS_EXTENDED_AT] != 0;
	}
	if (r < 0)
		return r;
	reader->pax.real_size = (uint64_t)real_size;
	reader->pax.set |= TAR_PAX_REAL_SIZE | TAR_PAX_SPARSE;
	return 0;
}

/* The blocks of decimal lines in front of the data. */
struct map {
	char block[TAR_BLOCK];
	size_t at;
};

static int map_number(struct tar_reader *reader, struct map *map, uint64_t *ret, struct error *err)
{
	uint64_t value = 0;
	unsigned digits = 0;

	for (;;) {
		char c;

		if (map->at == sizeof map->block) {
			int r;

			if (reader->data_left < TAR_BLOCK)
				return bad(reader, "a map of a sparse file without an end", err);
			r = must_read(reader, map->block, sizeof map->block, err);
			if (r < 0)
				return r;
			reader->data_left -= TAR_BLOCK;
			map->at = 0;
		}
		c = map->block[map->at++];
		if (c == '\n' && digits)
			break;
		if (c < '0' || c > '9' || ++digits > 19)
			return bad(reader, "a bad map of a sparse file", err);
		value = value * 10 + (uint64_t)(c - '0');
	}
	*ret = value;
	return 0;
}

static int read_map(struct tar_reader *reader, struct error *err)
{
	struct map map = { .at = sizeof map.block };
	uint64_t count, offset, length;
	int r = map_number(reader, &map, &count, err);

	if (r < 0)
		return r;
	reader->pax.extent_count = 0;
	for (uint64_t i = 0; i < count; i++) {
		const char *words;

		r = map_number(reader, &map, &offset, err);
		if (r >= 0)
			r = map_number(reader, &map, &length, err);
		if (r < 0)
			return r;
		words = tar_pax_add_extent(&reader->pax, offset, length);
		if (words)
			return bad(reader, words, err);
	}
	return 0;
}

/* In order, apart from each other, inside of the file, and as much as the archive has. */
static const char *check_extents(const struct tar_pax *pax, uint64_t data)
{
	uint64_t end = 0, sum = 0;

	for (size_t i = 0; i < pax->extent_count; i++) {
		const struct tar_extent *extent = &pax->extents[i];

		if (extent->offset < end)
			return "parts of a sparse file overlap";
		end = extent->offset + extent->length;
		sum += extent->length;
	}
	if (end > pax->real_size)
		return "a part of a sparse file lies behind its end";
	return sum != data ? "a sparse file has another size than its parts" : NULL;
}

static int begin_sparse(struct tar_reader *reader, struct tar_entry *entry, struct error *err)
{
	const char *words;

	if (!(reader->pax.set & TAR_PAX_REAL_SIZE))
		return bad(reader, "a sparse file without a size", err);
	if (reader->pax.set & TAR_PAX_SPARSE_MAP) {
		int r = read_map(reader, err);

		if (r < 0)
			return r;
	}
	words = check_extents(&reader->pax, reader->data_left);
	if (words)
		return bad(reader, words, err);
	entry->size = reader->pax.real_size;
	entry->sparse = true;
	reader->extents = reader->pax.extents;
	reader->extent_count = reader->pax.extent_count;
	return 0;
}

/* ---- members -------------------------------------------------------------------------------- */

/* A field that ends with a NUL or at its end. */
static char *copy_field(char *to, const char *field, size_t size)
{
	size_t length = strnlen(field, size);

	memcpy(to, field, length);
	to[length] = '\0';
	return to + length;
}

static const char *path_of(struct tar_reader *reader, const struct tar_header *header)
{
	enum tar_format format = tar_header_format(header);
	size_t prefix_size = format == TAR_USTAR ? sizeof header->prefix : format == TAR_STAR ? 131 : 0;
	char *at = reader->path;

	if (reader->pax.sparse_path)
		return reader->pax.sparse_path;
	if (reader->pax.path)
		return reader->pax.path;
	if (reader->long_path.length)
		return reader->long_path.data;
	if (prefix_size && header->prefix[0]) {
		at = copy_field(at, header->prefix, prefix_size);
		*at++ = '/';
	}
	copy_field(at, header->name, sizeof header->name);
	return reader->path;
}

static const char *target_of(struct tar_reader *reader, const struct tar_header *header)
{
	if (reader->pax.target)
		return reader->pax.target;
	if (reader->long_target.length)
		return reader->long_target.data;
	copy_field(reader->target, header->target, sizeof header->target);
	return reader->target;
}

static bool parse_id(const struct tar_reader *reader, const char *field, unsigned member, uint32_t override, uint32_t *ret)
{
	int64_t number;

	if (reader->pax.set & member) {
		*ret = override;
		return true;
	}
	if (!tar_number_parse(field, 8, &number) || number < 0 || number >= UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static const char *parse_fields(const struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry)
{
	const struct tar_pax *pax = &reader->pax;
	int64_t number;

	if (!tar_number_parse(header->mode, sizeof header->mode, &number))
		return "a bad mode";
	entry->mode = (mode_t)number & 07777;
	if (!parse_id(reader, header->uid, TAR_PAX_UID, pax->uid, &entry->uid))
		return "a bad uid";
	if (!parse_id(reader, header->gid, TAR_PAX_GID, pax->gid, &entry->gid))
		return "a bad gid";
	if (pax->set & TAR_PAX_MTIME)
		entry->mtime = pax->mtime;
	else if (tar_number_parse(header->mtime, sizeof header->mtime, &number))
		entry->mtime = (struct timespec){ .tv_sec = number };
	else
		return "a bad time";
	entry->has_atime = pax->set & TAR_PAX_ATIME;
	entry->atime = pax->atime;
	return NULL;
}

static const char *parse_device(const struct tar_header *header, struct tar_entry *entry)
{
	int64_t major, minor;

	if (!tar_number_parse(header->major, sizeof header->major, &major) || major < 0 || major > 0xfff ||
	    !tar_number_parse(header->minor, sizeof header->minor, &minor) || minor < 0 || minor > 0xfffff)
		return "a bad device number";
	entry->major = (unsigned)major;
	entry->minor = (unsigned)minor;
	return NULL;
}

static bool find_type(const struct tar_header *header, const char *path, enum tar_type *ret)
{
	static const char letters[] = { [TAR_FILE] = '0', [TAR_HARD_LINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHARACTER_DEVICE] = '3',
		[TAR_BLOCK_DEVICE] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6' };
	const char *at;

	/* V7 knows directories by their names; '7' is a file that wants to be contiguous, 'S' GNU's sparse one. */
	if (header->type == '\0' || header->type == '7' || header->type == 'S') {
		*ret = header->type == '\0' && *path && path[strlen(path) - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
		return true;
	}
	at = memchr(letters, header->type, sizeof letters);
	if (at)
		*ret = (enum tar_type)(at - letters);
	return at;
}

static int begin_data(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	uint64_t size = 0;
	int r = size_of(reader, header, &size, err);

	if (r < 0)
		return r;
	/* Only files have data, whatever the size says. */
	if (entry->type != TAR_FILE)
		return 0;
	if (reader->pax.set & TAR_PAX_SIZE)
		size = reader->pax.size;
	if (header->type == 'S') {
		r = read_old_sparse(reader, header, err);
		if (r < 0)
			return r;
	}
	reader->data_left = size;
	reader->padding = padding_of(size);
	if (reader->pax.set & (TAR_PAX_SPARSE | TAR_PAX_SPARSE_MAP))
		return begin_sparse(reader, entry, err);
	entry->size = size;
	reader->whole = (struct tar_extent){ 0, size };
	reader->extents = &reader->whole;
	reader->extent_count = size > 0;
	return 0;
}

static int begin_member(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *ret, struct error *err)
{
	struct tar_entry entry = { .path = path_of(reader, header) };
	const char *words;
	int r;

	if (!*entry.path)
		return bad(reader, "a member without a name", err);
	if (!find_type(header, entry.path, &entry.type))
		return error_set(err, ERROR_UNSUPPORTED, 0, "'%.300s': a member of the unknown type 0x%02x", entry.path, (unsigned char)header->type);
	words = parse_fields(reader, header, &entry);
	if (!words && (entry.type == TAR_CHARACTER_DEVICE || entry.type == TAR_BLOCK_DEVICE))
		words = parse_device(header, &entry);
	if (!words && (entry.type == TAR_HARD_LINK || entry.type == TAR_SYMLINK)) {
		entry.target = target_of(reader, header);
		words = *entry.target ? NULL : "a link to nothing";
	}
	r = words ? bad(reader, words, err) : begin_data(reader, header, &entry, err);
	if (r < 0)
		return error_wrap(err, "'%.300s'", entry.path);
	entry.acl_access = reader->pax.acl_access;
	entry.acl_default = reader->pax.acl_default;
	entry.xattrs = reader->pax.xattrs;
	entry.xattr_count = reader->pax.xattr_count;
	*ret = entry;
	return 1;
}

/* Two blocks of zeros end an archive; so does the end of the stream, as some writers have it. */
static int read_header(struct tar_reader *reader, struct tar_header *header, struct error *err)
{
	int r = read_exactly(reader, header, sizeof *header, err);

	if (r <= 0)
		return r;
	if (!tar_header_is_zero(header))
		return tar_header_is_intact(header) ? 1 : bad(reader, "this is no tar header", err);
	r = read_exactly(reader, header, sizeof *header, err);
	if (r > 0 && !tar_header_is_zero(header))
		return bad(reader, "something follows a block of zeros", err);
	return r < 0 ? r : 0;
}

/* Skips what is left of the last member. */
static int finish_member(struct tar_reader *reader, struct error *err)
{
	int r = skip_bytes(reader, reader->data_left, err);

	if (r >= 0)
		r = skip_bytes(reader, reader->padding, err);
	reader->data_left = 0;
	reader->padding = 0;
	reader->extent = 0;
	reader->extent_done = 0;
	reader->extent_count = 0;
	return r;
}

/* What a header without a member is about. 1 if there is a member. */
static int read_extension(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	uint64_t size = 0;
	int r;

	switch (header->type) {
	case 'x':
	case 'X': /* Solaris had it first */
		return read_local(reader, header, err);
	case 'g':
		return read_global(reader, header, err);
	case 'L':
		return read_long(reader, header, &reader->long_path, err);
	case 'K':
		return read_long(reader, header, &reader->long_target, err);
	case 'V': /* the name of a tape */
		forget_overrides(reader);
		r = size_of(reader, header, &size, err);
		return r < 0 ? r : skip_bytes(reader, size + padding_of(size), err);
	default:
		return 1;
	}
}

int tar_reader_next(struct tar_reader *reader, struct tar_entry *ret, struct error *err)
{
	struct tar_header header;
	int r = finish_member(reader, err);

	if (r < 0 || reader->ended)
		return r;
	forget_overrides(reader);
	for (;;) {
		r = read_header(reader, &header, err);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		r = read_extension(reader, &header, err);
		if (r < 0)
			return r;
		if (r == 1)
			return begin_member(reader, &header, ret, err);
	}
	reader->ended = true;
	return 0;
}

int tar_reader_data(struct tar_reader *reader, const uint8_t **ret_bytes, size_t *ret_length, uint64_t *ret_offset, struct error *err)
{
	const struct tar_extent *extent;
	size_t length;
	int r;

	while (reader->extent < reader->extent_count && reader->extents[reader->extent].length == reader->extent_done) {
		reader->extent++;
		reader->extent_done = 0;
	}
	if (reader->extent >= reader->extent_count) {
		*ret_length = 0;
		return 0;
	}
	extent = &reader->extents[reader->extent];
	r = take(reader, extent->length - reader->extent_done, ret_bytes, &length, err);
	if (r < 0)
		return r;
	if (length == 0)
		return bad(reader, "it ends too early", err);
	*ret_offset = extent->offset + reader->extent_done;
	*ret_length = length;
	reader->extent_done += length;
	reader->data_left -= length;
	return 0;
}

uint64_t tar_reader_position(const struct tar_reader *reader)
{
	return reader->position;
}

void tar_reader_set_skip(struct tar_reader *reader, int (*skip)(void *context, uint64_t count, struct error *err), void *context)
{
	reader->skip = skip;
	reader->skip_context = context;
}

int tar_reader_drain(struct tar_reader *reader, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	int r;

	do
		r = take(reader, UINT64_MAX, &bytes, &length, err);
	while (r >= 0 && length > 0);
	return r < 0 ? r : 0;
}
