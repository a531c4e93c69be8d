/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_data.h"

#include "base/file.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

/* Smaller files are read and written sooner than asked for. */
#define SHARED_FROM ((off_t)1 << 20)

ssize_t build_data_read_small(int from_fd, uint8_t *block)
{
	ssize_t n;

	do
		n = read(from_fd, block, BUILD_DATA_BLOCK);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int copy_plain(int from_fd, int to_fd, uint8_t *block)
{
	for (;;) {
		ssize_t n = read(from_fd, block, BUILD_DATA_BLOCK);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = fd_write_all(to_fd, block, (size_t)n);
		/* Less than there was room for is the end of a small file: that saves asking once more. */
		if (r < 0 || (size_t)n < BUILD_DATA_BLOCK)
			return r;
	}
}

static int copy_range(int from_fd, int to_fd, off_t start, off_t end, uint8_t *block)
{
	while (start < end) {
		size_t size = end - start < (off_t)BUILD_DATA_BLOCK ? (size_t)(end - start) : BUILD_DATA_BLOCK;
		ssize_t n = pread(from_fd, block, size, start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t m = pwrite(to_fd, block + done, (size_t)(n - done), start + done);

			if (m < 0 && errno != EINTR)
				return -errno;
			done += m < 0 ? 0 : m;
		}
		start += n;
	}
	return 0;
}

static int copy_sparse(int from_fd, int to_fd, off_t size, uint8_t *block)
{
	off_t end = 0;
	int r = 0;

	while (r == 0) {
		off_t start = lseek(from_fd, end, SEEK_DATA);

		if (start < 0 && errno == ENXIO)
			break;
		end = start < 0 ? start : lseek(from_fd, start, SEEK_HOLE);
		if (start < 0 || end < 0)
			return -errno;
		r = copy_range(from_fd, to_fd, start, end, block);
	}
	return r == 0 && ftruncate(to_fd, size) < 0 ? -errno : r;
}

/* By the kernel: 1 if all of it was, 0 if it cannot. */
static int copy_by_kernel(int from_fd, int to_fd, off_t size)
{
	off_t done = 0;

	while (done < size) {
		ssize_t n = copy_file_range(from_fd, NULL, to_fd, NULL, (size_t)(size - done), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && done == 0)
			return 0;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += n;
	}
	return done > 0;
}

int build_data_copy(int from_fd, int to_fd, const struct stat *st, uint8_t *block)
{
	int r;

	if (st->st_size < SHARED_FROM)
		return copy_plain(from_fd, to_fd, block);
	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	if ((off_t)st->st_blocks * 512 < st->st_size)
		return copy_sparse(from_fd, to_fd, st->st_size, block);
	r = copy_by_kernel(from_fd, to_fd, st->st_size);
	return r > 0 ? 0 : r < 0 ? r : copy_plain(from_fd, to_fd, block);
}
