/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/layout_writer.h"

#include "base/str.h"

#include <fcntl.h>
#include <sys/stat.h>

int layout_writer_add_directory(const struct layout_writer *writer, const char *name, struct error *err)
{
	const struct tar_entry entry = { .type = TAR_DIRECTORY, .path = name, .mode = 0755 };

	if (writer->tar)
		return tar_writer_add(writer->tar, &entry, err);
	if (mkdirat(writer->directory_fd, name, 0777) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make the directory '%.300s'", name);
	return 0;
}

static int write_to_tar(void *context, const void *bytes, size_t length, struct error *err)
{
	return tar_writer_data(context, bytes, length, err);
}

static int copy(struct stream stream, uint64_t size, struct sink sink, struct error *err)
{
	uint64_t length;
	int r = stream_copy(stream, sink, size, &length, err);

	if (r == 0 && length != size)
		r = error_set(err, ERROR_INVALID, 0, "it has not the size that it should have");
	return r;
}

int layout_writer_add_file(const struct layout_writer *writer, const char *name, uint64_t size, struct stream stream, struct error *err)
{
	const struct tar_entry entry = { .type = TAR_FILE, .path = name, .mode = 0644, .size = size };
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (writer->tar) {
		r = tar_writer_add(writer->tar, &entry, err);
		return r < 0 ? r : copy(stream, size, (struct sink){ write_to_tar, writer->tar }, err);
	}
	fd = openat(writer->directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return error_errno(err, errno, "cannot make '%.300s'", name);
	return copy(stream, size, sink_to_file(&fd), err);
}

int layout_writer_add_text(const struct layout_writer *writer, const char *name, const struct buf *text, struct error *err)
{
	struct stream_memory memory = { .bytes = (const uint8_t *)text->data, .length = text->length };

	return layout_writer_add_file(writer, name, text->length, stream_of_memory(&memory), err);
}
