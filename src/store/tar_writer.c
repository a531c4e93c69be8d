/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tar_writer.h"

#include "base/memory.h"
#include "base/str.h"
#include "store/tar_header.h"

#include <string.h>

struct tar_writer {
	struct sink sink;
	uint64_t data_left;
	unsigned padding;
	struct buf records; /* of the pax header */
	struct buf path;    /* of the member, a directory's with its slash */
};

static const char zeros[2 * TAR_BLOCK];

struct tar_writer *tar_writer_new(struct sink sink)
{
	struct tar_writer *writer = memory_new(1, sizeof *writer);

	writer->sink = sink;
	return writer;
}

void tar_writer_free(struct tar_writer *writer)
{
	if (!writer)
		return;
	buf_done(&writer->records);
	buf_done(&writer->path);
	free(writer);
}

/* ---- pax records ---------------------------------------------------------------------- */

static size_t digits_of(size_t number)
{
	size_t digits = 1;

	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

static void add_record(struct buf *records, const char *prefix, const char *key, const void *value, size_t length)
{
	size_t rest = strlen(" =\n") + strlen(prefix) + strlen(key) + length, total = rest + digits_of(rest);

	/* The length counts its own digits. */
	if (digits_of(total) != total - rest)
		total = rest + digits_of(total);
	buf_printf(records, "%zu %s%s=", total, prefix, key);
	buf_add(records, value, length);
	buf_add_char(records, '\n');
}

static void add_text_record(struct buf *records, const char *key, const char *value)
{
	add_record(records, "", key, value, strlen(value));
}

static void add_number_record(struct buf *records, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%ju", (uintmax_t)number);
	add_text_record(records, key, text);
}

static void add_time_record(struct buf *records, const char *key, struct timespec time)
{
	char text[48];
	bool negative = time.tv_sec < 0;
	/* -1.5 s is the second -2 and 500 million nanoseconds. */
	intmax_t seconds = negative && time.tv_nsec ? time.tv_sec + 1 : time.tv_sec;
	long nanoseconds = negative && time.tv_nsec ? 1000000000 - time.tv_nsec : time.tv_nsec;
	int length = snprintf(text, sizeof text, "%s%jd", negative ? "-" : "", negative ? -seconds : seconds);

	if (nanoseconds) {
		length += snprintf(text + length, sizeof text - (size_t)length, ".%09ld", nanoseconds);
		while (text[length - 1] == '0')
			text[--length] = '\0';
	}
	add_text_record(records, key, text);
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

static int add_xattr_records(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	_cleanup_free_ struct tar_xattr *sorted = memory_new(entry->xattr_count, sizeof *sorted);

	if (entry->xattr_count)
		memcpy(sorted, entry->xattrs, entry->xattr_count * sizeof *sorted);
	qsort(sorted, entry->xattr_count, sizeof *sorted, compare_xattrs);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		if (strchr(sorted[i].name, '='))
			return error_set(err, ERROR_UNSUPPORTED, 0, "no archive can hold the extended attribute '%s' of '%s'", sorted[i].name,
				entry->path);
		add_record(&writer->records, "SCHILY.xattr.", sorted[i].name, sorted[i].value, sorted[i].length);
	}
	return 0;
}

/* ---- headers ------------------------------------------------------------------------------ */

static const char type_letters[] = { [TAR_FILE] = '0', [TAR_HARD_LINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHARACTER_DEVICE] = '3',
	[TAR_BLOCK_DEVICE] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6' };

static void begin_header(struct tar_header *header, char type)
{
	memset(header, 0, sizeof *header);
	memcpy(header->magic, "ustar\0" "00", sizeof header->magic);
	header->type = type;
}

/* Into the name alone, or parted at a slash into prefix and name. */
static bool put_path(struct tar_header *header, const char *path, size_t length)
{
	const char *slash;

	if (length <= sizeof header->name) {
		memcpy(header->name, path, length);
		return true;
	}
	/* The first slash that leaves a name of at most 100 bytes; a directory's own does not part anything. */
	slash = memchr(path + length - sizeof header->name - 1, '/', sizeof header->name);
	if (!slash || slash == path || (size_t)(slash - path) > sizeof header->prefix)
		return false;
	memcpy(header->prefix, path, (size_t)(slash - path));
	memcpy(header->name, slash + 1, length - (size_t)(slash - path) - 1);
	return true;
}

static void put_names(struct tar_writer *writer, struct tar_header *header, const struct tar_entry *entry)
{
	if (!put_path(header, writer->path.data, writer->path.length)) {
		memcpy(header->name, writer->path.data, sizeof header->name);
		add_text_record(&writer->records, "path", writer->path.data);
	}
	if (!entry->target)
		return;
	if (strlen(entry->target) > sizeof header->target)
		add_text_record(&writer->records, "linkpath", entry->target);
	memcpy(header->target, entry->target, strnlen(entry->target, sizeof header->target));
}

static void put_numbers(struct tar_writer *writer, struct tar_header *header, const struct tar_entry *entry)
{
	bool whole_second = entry->mtime.tv_sec >= 0 && entry->mtime.tv_nsec == 0;

	tar_number_format(header->mode, sizeof header->mode, entry->mode & 07777);
	if (!tar_number_format(header->size, sizeof header->size, entry->type == TAR_FILE ? entry->size : 0))
		add_number_record(&writer->records, "size", entry->size);
	if (!tar_number_format(header->uid, sizeof header->uid, entry->uid))
		add_number_record(&writer->records, "uid", entry->uid);
	if (!tar_number_format(header->gid, sizeof header->gid, entry->gid))
		add_number_record(&writer->records, "gid", entry->gid);
	if (!tar_number_format(header->mtime, sizeof header->mtime, entry->mtime.tv_sec < 0 ? 0 : (uint64_t)entry->mtime.tv_sec) || !whole_second)
		add_time_record(&writer->records, "mtime", entry->mtime);
	tar_number_format(header->major, sizeof header->major, entry->major);
	tar_number_format(header->minor, sizeof header->minor, entry->minor);
}

static int write_padding(struct tar_writer *writer, uint64_t size, struct error *err)
{
	size_t padding = (size_t)(-size % TAR_BLOCK);

	return padding ? sink_write(writer->sink, zeros, padding, err) : 0;
}

static int write_records(struct tar_writer *writer, struct error *err)
{
	struct tar_header header;
	int r;

	/* Every reader takes it. */
	if (writer->records.length > TAR_HEADER_LIMIT)
		return error_set(err, ERROR_UNSUPPORTED, 0, "'%s' has more than 1 MiB of names and extended attributes", writer->path.data);
	begin_header(&header, 'x');
	snprintf(header.name, sizeof header.name, "PaxHeaders/member");
	tar_number_format(header.mode, sizeof header.mode, 0644);
	tar_number_format(header.uid, sizeof header.uid, 0);
	tar_number_format(header.gid, sizeof header.gid, 0);
	tar_number_format(header.size, sizeof header.size, writer->records.length);
	tar_number_format(header.mtime, sizeof header.mtime, 0);
	tar_header_seal(&header);
	r = sink_write(writer->sink, &header, sizeof header, err);
	if (r >= 0)
		r = sink_write(writer->sink, writer->records.data, writer->records.length, err);
	return r < 0 ? r : write_padding(writer, writer->records.length, err);
}

static int finish_member(struct tar_writer *writer, struct error *err)
{
	int r;

	if (writer->data_left)
		return error_set(err, ERROR_INTERNAL, 0, "'%s' lacks %ju bytes of data", writer->path.data, (uintmax_t)writer->data_left);
	r = writer->padding ? sink_write(writer->sink, zeros, writer->padding, err) : 0;
	writer->padding = 0;
	return r;
}

int tar_writer_add(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	struct tar_header header;
	int r = finish_member(writer, err);

	if (r < 0)
		return r;
	writer->records.length = writer->path.length = 0;
	buf_add_text(&writer->path, entry->path);
	if (entry->type == TAR_DIRECTORY && entry->path[strlen(entry->path) - 1] != '/')
		buf_add_char(&writer->path, '/');
	begin_header(&header, type_letters[entry->type]);
	put_names(writer, &header, entry);
	put_numbers(writer, &header, entry);
	tar_header_seal(&header);
	r = add_xattr_records(writer, entry, err);
	if (r >= 0 && writer->records.length)
		r = write_records(writer, err);
	if (r >= 0)
		r = sink_write(writer->sink, &header, sizeof header, err);
	if (r < 0)
		return r;
	writer->data_left = entry->type == TAR_FILE ? entry->size : 0;
	writer->padding = (unsigned)(-writer->data_left % TAR_BLOCK);
	return 0;
}

int tar_writer_data(struct tar_writer *writer, const void *bytes, size_t length, struct error *err)
{
	if (length > writer->data_left)
		return error_set(err, ERROR_INTERNAL, 0, "'%s' has more data than it said", writer->path.data);
	writer->data_left -= length;
	return sink_write(writer->sink, bytes, length, err);
}

int tar_writer_finish(struct tar_writer *writer, struct error *err)
{
	int r = finish_member(writer, err);

	return r < 0 ? r : sink_write(writer->sink, zeros, sizeof zeros, err);
}
