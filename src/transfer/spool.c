/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/spool.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/random_name.h"

#include <fcntl.h>

#define BLOCK_SIZE ((size_t)256 << 10)

/* Where the file system knows no files without names: it has one for a moment, in a place that is swept. */
static int open_named(const struct store *store)
{
	_cleanup_free_ char *random = random_name(), *name = random ? str_printf("spool-%s", random) : NULL;
	int fd;

	if (!name)
		return -EIO;
	fd = openat(store->staging_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	return unlinkat(store->staging_fd, name, 0) < 0 ? (close(fd), -errno) : fd;
}

int spool_open(const struct store *store, int *ret_fd, struct error *err)
{
	int fd = openat(store->staging_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(store);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return error_errno(err, -fd, "cannot make a file in '%s/staging'", store->path);
	*ret_fd = fd;
	return 0;
}

static int write_to_spool(void *context, const void *bytes, size_t length, struct error *err)
{
	int r = fd_write_all(*(const int *)context, bytes, length);

	return r < 0 ? error_errno(err, -r, "cannot keep what was read in the store") : 0;
}

int spool_add(int fd, struct stream stream, uint64_t *ret_length, struct error *err)
{
	return stream_copy(stream, (struct sink){ write_to_spool, &fd }, UINT64_MAX, ret_length, err);
}

static int next_of_part(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct spool_part *part = context;
	size_t wanted = part->left < BLOCK_SIZE ? (size_t)part->left : BLOCK_SIZE;
	ssize_t n = 0;

	if (!part->buffer)
		part->buffer = memory_new(1, BLOCK_SIZE);
	do
		n = wanted ? pread(part->fd, part->buffer, wanted, (off_t)part->offset) : 0;
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "cannot read");
	part->offset += (uint64_t)n;
	part->left -= (uint64_t)n;
	*ret_bytes = part->buffer;
	*ret_length = (size_t)n;
	return 0;
}

struct stream spool_stream(struct spool_part *part)
{
	return (struct stream){ next_of_part, part };
}

void spool_part_done(struct spool_part *part)
{
	free(part->buffer);
	part->buffer = NULL;
}
