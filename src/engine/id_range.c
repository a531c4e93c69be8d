/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/id_range.h"
#include "base/file.h"
#include "base/narration.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

/* How often chance is asked before the ranges are tried one after the other. */
#define TRIES 32

/* Locks COUNT bytes from FIRST on, with TYPE F_WRLCK or F_RDLCK; -EAGAIN if one of them is somebody's. */
static int lock_bytes(int fd, short type, uint32_t first, uint32_t count)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count };

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static int lock_ranges(int fd, uint32_t first, uint32_t count)
{
	int r = lock_bytes(fd, F_WRLCK, first, count);

	/* At no moment it is free. */
	return r < 0 ? r : lock_bytes(fd, F_RDLCK, first, count);
}

static uint32_t count_of(uint32_t size)
{
	return size / ID_RANGE_SIZE + (size % ID_RANGE_SIZE != 0);
}

static int open_file(const struct directories *directories, char **ret_path, struct error *err)
{
	char *path = str_printf("%s/ids", directories->run_root);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*ret_path = path;
	return fd < 0 ? error_errno(err, errno, "cannot open '%s'", path) : fd;
}

static int lock_any(int fd, uint32_t count, uint32_t *ret_first)
{
	uint32_t places = ID_RANGE_COUNT - count + 1, chance;
	int r = -EAGAIN;

	for (unsigned i = 0; i < TRIES && r == -EAGAIN; i++) {
		if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
			return -errno;
		*ret_first = chance % places;
		r = lock_ranges(fd, *ret_first, count);
	}
	for (uint32_t first = 0; first < places && r == -EAGAIN; first++) {
		*ret_first = first;
		r = lock_ranges(fd, first, count);
	}
	return r;
}

int id_range_take(const struct directories *directories, uint32_t size, uint32_t *ret_base, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = open_file(directories, &path, err);
	uint32_t first = 0, count = count_of(size);
	int r;

	if (fd < 0)
		return fd;
	if (count == 0 || count > ID_RANGE_COUNT)
		return error_set(err, ERROR_INVALID, 0, "%u ids are not to be had: there are %u of them", size, ID_RANGE_COUNT * ID_RANGE_SIZE);
	r = lock_any(fd, count, &first);
	if (r == -EAGAIN) {
		error_set(err, ERROR_UNAVAILABLE, 0, "no range of %u ids is left for the container", count * ID_RANGE_SIZE);
		error_hint(err, "each running container has its own; those that share one say --userns=container:NAME");
		return -EAGAIN;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot lock a range of ids in '%s'", path);
	*ret_base = ID_RANGE_FIRST + first * ID_RANGE_SIZE;
	narrate("fcntl(\"%s\", F_OFD_SETLK): ids %u to %u are the container's", path, *ret_base, *ret_base + count * ID_RANGE_SIZE - 1);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int id_range_share(const struct directories *directories, uint32_t base, uint32_t size, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = open_file(directories, &path, err);
	int r;

	if (fd < 0)
		return fd;
	r = lock_bytes(fd, F_RDLCK, (base - ID_RANGE_FIRST) / ID_RANGE_SIZE, count_of(size));
	if (r == -EAGAIN)
		return error_set(err, ERROR_CONFLICT, EAGAIN, "the ids from %u on have just become another's", base);
	if (r < 0)
		return error_errno(err, -r, "cannot lock a range of ids in '%s'", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
