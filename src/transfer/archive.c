/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/archive.h"

#include "host/beneath.h"
#include "store/codec.h"
#include "store/decompress.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- opening -------------------------------------------------------------------- */

/* Whether the file's first bytes are those of a compressed one. */
static bool is_compressed(int fd)
{
	uint8_t magic[CODEC_MAGIC_SIZE] = { 0 };

	return pread(fd, magic, sizeof magic, 0) > 0 && codec_find(magic);
}

/* Replaces *FD by a file with its decompressed bytes. */
static int spool(const struct store *store, int *fd, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = *fd };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	_cleanup_close_ int spooled = -EBADF;
	uint64_t length;
	int r = spool_open(store, &spooled, err);

	if (r == 0)
		r = spool_add(spooled, decompress_stream(decompress), &length, err);
	if (r < 0)
		return r;
	close(*fd);
	*fd = TAKE_FD(spooled);
	return 0;
}

static int open_archive(const struct store *store, const char *path, struct archive *archive, struct error *err)
{
	struct stat status;
	int r = 0;

	archive->fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (archive->fd < 0 || fstat(archive->fd, &status) < 0)
		return error_errno(err, errno, "cannot open it");
	if (S_ISDIR(status.st_mode))
		return 0;
	/* A file may be the input of more than us, who have read some of it already. */
	if (!S_ISREG(status.st_mode) || lseek(archive->fd, 0, SEEK_CUR) != 0 || is_compressed(archive->fd))
		r = spool(store, &archive->fd, err);
	return r < 0 ? r : tar_index_read(archive->fd, &archive->index, err);
}

int archive_open(const struct store *store, const char *path, struct archive *ret, struct error *err)
{
	struct archive archive = { .name = str_dup(path ? path : "standard input"), .fd = -EBADF };
	int r;

	if (!path && isatty(STDIN_FILENO)) {
		free(archive.name);
		error_set(err, ERROR_INVALID, 0, "the standard input is a terminal");
		error_hint(err, "name the archive with --input, or redirect it");
		return -EINVAL;
	}
	r = open_archive(store, path, &archive, err);
	if (r < 0) {
		error_wrap(err, "cannot read the archive '%.400s'", archive.name);
		archive_close(&archive);
		return r;
	}
	*ret = archive;
	return 0;
}

void archive_close(struct archive *archive)
{
	free(archive->name);
	close_and_forget(&archive->fd);
	tar_index_free(archive->index);
	*archive = ARCHIVE_INIT;
}

/* ---- members ---------------------------------------------------------------------- */

static int open_beneath(const struct archive *archive, const char *name, struct archive_member *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	/* Not waiting for whoever might write to a fifo. */
	int r = beneath_open(archive->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "'%.300s'", name);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID, 0, "'%.300s': no plain file", name);
	*ret = (struct archive_member){ .fd = TAKE_FD(fd), .owned = true, .span = { 0, (uint64_t)status.st_size } };
	return 0;
}

int archive_find(const struct archive *archive, const char *name, struct archive_member *ret, struct error *err)
{
	struct tar_span span;
	int r;

	if (!archive->index)
		return open_beneath(archive, name, ret, err);
	r = tar_index_find(archive->index, name, &span, err);
	if (r == 0)
		*ret = (struct archive_member){ .fd = archive->fd, .span = span };
	return r;
}

void archive_member_done(struct archive_member *member)
{
	if (member->owned)
		close_and_forget(&member->fd);
	*member = ARCHIVE_MEMBER_INIT;
}

bool archive_has(const struct archive *archive, const char *name)
{
	_cleanup_archive_member_ struct archive_member member = ARCHIVE_MEMBER_INIT;

	return archive_find(archive, name, &member, NULL) == 0;
}

int archive_read(const struct archive *archive, const char *name, size_t limit, struct buf *out, struct error *err)
{
	_cleanup_archive_member_ struct archive_member member = ARCHIVE_MEMBER_INIT;
	_cleanup_spool_part_ struct spool_part part = { .fd = -EBADF };
	int r = archive_find(archive, name, &member, err);

	if (r < 0)
		return r;
	if (member.span.size > limit)
		return error_set(err, ERROR_INVALID, EFBIG, "'%.300s'", name);
	part = (struct spool_part){ .fd = member.fd, .offset = member.span.offset, .left = member.span.size };
	buf_add(out, "", 0);
	r = stream_copy(spool_stream(&part), sink_to_buf(out), UINT64_MAX, NULL, err);
	return r < 0 ? error_wrap(err, "'%.300s'", name) : 0;
}
