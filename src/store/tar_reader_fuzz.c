/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes read the same whatever the blocks in which they come; what is read
 * keeps the header's promises. The first byte is no part of the archive: it
 * gives the size of the blocks, and whether checksums are put right before,
 * without which a fuzzer would not get past them.
 */
#include "base/str.h"
#include "store/tar_header.h"
#include "store/tar_reader.h"

#define SEAL 0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_entry(const struct tar_entry *entry)
{
	bool is_link = entry->type == TAR_HARD_LINK || entry->type == TAR_SYMLINK;

	require(entry->path[0] && (entry->mode & ~07777) == 0 && entry->uid != UINT32_MAX && entry->gid != UINT32_MAX);
	require(is_link ? entry->target && entry->target[0] : !entry->target);
	require(entry->mtime.tv_nsec >= 0 && entry->mtime.tv_nsec < 1000000000);
	require(entry->size <= INT64_MAX && (entry->type == TAR_FILE || entry->size == 0));
	for (size_t i = 0; i < entry->xattr_count; i++) {
		volatile uint8_t last = entry->xattrs[i].length ? entry->xattrs[i].value[entry->xattrs[i].length - 1] : 0;

		require(entry->xattrs[i].name[0]);
		(void)last;
	}
}

static int read_data(struct tar_reader *reader, const struct tar_entry *entry, struct buf *out, struct error *err)
{
	uint64_t offset, end = 0;
	const uint8_t *bytes;
	size_t length;
	int r;

	for (;;) {
		r = tar_reader_data(reader, &bytes, &length, &offset, err);
		if (r < 0 || length == 0)
			break;
		require(offset >= end && offset + length <= entry->size);
		end = offset + length;
		buf_add(out, bytes, length);
	}
	require(r < 0 || entry->sparse || end == entry->size);
	return r;
}

static int read_all(const uint8_t *data, size_t size, size_t block, struct buf *out)
{
	struct stream_memory memory = { data, size, block };
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(stream_of_memory(&memory));
	struct error err = ERROR_INIT;
	struct tar_entry entry;
	bool skip = false;
	int r;

	while ((r = tar_reader_next(reader, &entry, &err)) > 0) {
		check_entry(&entry);
		buf_printf(out, "%d %s %s %ju\n", entry.type, entry.path, entry.target ? entry.target : "", (uintmax_t)entry.size);
		/* Every other member's data is left to be skipped. */
		r = skip ? 0 : read_data(reader, &entry, out, &err);
		skip = !skip;
		if (r < 0)
			break;
	}
	if (r == 0)
		r = tar_reader_drain(reader, &err);
	require(r >= 0 || err.message[0]);
	return r;
}

/* Whatever looks like a header gets the right checksum. */
static void seal_all(uint8_t *data, size_t size)
{
	struct tar_header header;

	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		memcpy(&header, data + at, TAR_BLOCK);
		if (tar_header_format(&header) == TAR_V7)
			continue;
		tar_header_seal(&header);
		memcpy(data + at, &header, TAR_BLOCK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf archive = BUF_INIT, whole = BUF_INIT, parts = BUF_INIT;
	int r;

	if (size == 0)
		return 0;
	buf_add(&archive, data + 1, size - 1);
	if (data[0] & SEAL)
		seal_all((uint8_t *)archive.data, archive.length);
	r = read_all((const uint8_t *)archive.data, archive.length, 0, &whole);
	/* Where an archive breaks off, the last block may have been handed out or not. */
	require(read_all((const uint8_t *)archive.data, archive.length, 1 + data[0] % SEAL * 5, &parts) == r);
	require(r < 0 || (whole.length == parts.length && (whole.length == 0 || memcmp(whole.data, parts.data, whole.length) == 0)));
	return 0;
}
