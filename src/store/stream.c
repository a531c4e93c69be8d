/* SPDX-License-Identifier: Apache-2.0 */
#include "store/stream.h"

#include "base/file.h"
#include "base/memory.h"

#include <poll.h>

#define BLOCK_SIZE ((size_t)256 << 10)

/* Until there is something to read, or the end. */
static int wait_for_file(const struct stream_file *file, struct error *err)
{
	struct pollfd fds[] = { { .fd = file->fd, .events = POLLIN }, { .fd = *file->stop_fd, .events = POLLIN } };
	int r;

	do
		r = poll(fds, ARRAY_SIZE(fds), -1);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(err, errno, "cannot wait for bytes");
	return fds[1].revents ? error_errno(err, ECANCELED, "cannot read") : 0;
}

static int next_of_file(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct stream_file *file = context;
	ssize_t n;

	if (!file->buffer)
		file->buffer = memory_new(1, BLOCK_SIZE);
	if (file->stop_fd) {
		int r = wait_for_file(file, err);

		if (r < 0)
			return r;
	}
	do
		n = read(file->fd, file->buffer, BLOCK_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "cannot read");
	*ret_bytes = file->buffer;
	*ret_length = (size_t)n;
	return 0;
}

struct stream stream_of_file(struct stream_file *file)
{
	return (struct stream){ next_of_file, file };
}

void stream_file_done(struct stream_file *file)
{
	free(file->buffer);
	file->buffer = NULL;
}

static int next_of_memory(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err _unused_)
{
	struct stream_memory *memory = context;
	size_t length = memory->block && memory->block < memory->length ? memory->block : memory->length;

	*ret_bytes = memory->bytes;
	*ret_length = length;
	memory->bytes += length;
	memory->length -= length;
	return 0;
}

struct stream stream_of_memory(struct stream_memory *memory)
{
	return (struct stream){ next_of_memory, memory };
}

int stream_drain(struct stream stream, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	int r;

	do
		r = stream_next(stream, &bytes, &length, err);
	while (r >= 0 && length > 0);
	return r < 0 ? r : 0;
}

int stream_copy(struct stream stream, struct sink sink, uint64_t limit, uint64_t *ret_length, struct error *err)
{
	const uint8_t *bytes;
	size_t length = 0;
	uint64_t total = 0;
	int r;

	while ((r = stream_next(stream, &bytes, &length, err)) >= 0 && length > 0) {
		total += length;
		if (total > limit)
			break;
		r = sink_write(sink, bytes, length, err);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	if (ret_length)
		*ret_length = total;
	return 0;
}

static int write_to_file(void *context, const void *bytes, size_t length, struct error *err)
{
	int r = fd_write_all(*(const int *)context, bytes, length);

	return r < 0 ? error_errno(err, -r, "cannot write") : 0;
}

struct sink sink_to_file(const int *fd)
{
	return (struct sink){ write_to_file, (void *)fd };
}

static int write_to_buf(void *context, const void *bytes, size_t length, struct error *err _unused_)
{
	buf_add(context, bytes, length);
	return 0;
}

struct sink sink_to_buf(struct buf *buf)
{
	return (struct sink){ write_to_buf, buf };
}
