/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/backlog.h"

#include <fcntl.h>
#include <unistd.h>

bool backlog_has_room(const struct backlog *backlog, size_t length)
{
	return backlog->directory && length <= BACKLOG_BYTES - backlog->length;
}

static int open_file(struct backlog *backlog)
{
	if (backlog->fd < 0)
		backlog->fd = open(backlog->directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return backlog->fd < 0 ? -errno : 0;
}

/* Up to the file's end, from its beginning after that. */
static size_t part_at(uint64_t position, size_t length)
{
	size_t left = BACKLOG_BYTES - (size_t)(position % BACKLOG_BYTES);

	return length < left ? length : left;
}

int backlog_add(struct backlog *backlog, const void *bytes, size_t length)
{
	uint64_t end = backlog->begin + backlog->length;
	size_t done = 0;
	int r;

	if (!backlog_has_room(backlog, length))
		return -ENOSPC;
	r = open_file(backlog);
	while (r == 0 && done < length) {
		ssize_t n = pwrite(backlog->fd, (const char *)bytes + done, part_at(end + done, length - done), (off_t)((end + done) % BACKLOG_BYTES));

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	if (r == 0)
		backlog->length += length;
	return r;
}

ssize_t backlog_take(struct backlog *backlog, void *bytes, size_t size)
{
	size_t length = part_at(backlog->begin, size < backlog->length ? size : backlog->length);
	ssize_t n;

	if (length == 0)
		return 0;
	do
		n = pread(backlog->fd, bytes, length, (off_t)(backlog->begin % BACKLOG_BYTES));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -EIO; /* somebody cut the file */
	backlog_drop(backlog, (size_t)n);
	return n;
}

void backlog_drop(struct backlog *backlog, size_t length)
{
	if (length > backlog->length)
		length = backlog->length;
	backlog->begin += length;
	backlog->length -= length;
	/* What was read is given back to the disk. */
	if (backlog->length == 0 && backlog->fd >= 0 && ftruncate(backlog->fd, 0) == 0)
		backlog->begin = 0;
}

void backlog_close(struct backlog *backlog)
{
	close_and_forget(&backlog->fd);
	backlog->begin = 0;
	backlog->length = 0;
}
