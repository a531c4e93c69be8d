/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>

#define OPEN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static int lock_fd(int fd, int operation)
{
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

static int lock_store(const struct store *store, enum store_lock lock, int operation, int *ret_fd)
{
	static const char *const names[] = { [STORE_LOCK_INDEX] = "index", [STORE_LOCK_CONTENT] = "content" };
	_cleanup_close_ int fd = openat(store->locks_fd, names[lock], O_RDWR | O_CREAT | OPEN_FLAGS, 0600);
	int r;

	/* Who only looks needs no more of it: because the file system is read-only, or because of a filter of system calls. */
	if (fd < 0 && (errno == EROFS || errno == ENOSYS))
		fd = openat(store->locks_fd, names[lock], O_RDONLY | OPEN_FLAGS);
	if (fd < 0)
		return -errno;
	r = lock_fd(fd, operation);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int lock_shared(const struct store *store, enum store_lock lock, int *ret_fd)
{
	return lock_store(store, lock, LOCK_SH, ret_fd);
}

int lock_exclusive(const struct store *store, enum store_lock lock, int *ret_fd)
{
	return lock_store(store, lock, LOCK_EX, ret_fd);
}

/* Whether NAME still is what FD has open. */
static bool is_named(int directory_fd, const char *name, int fd)
{
	struct stat by_name, by_fd;

	return fstatat(directory_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
	       by_name.st_dev == by_fd.st_dev;
}

int lock_own_file(int directory_fd, const char *name, int *ret_fd)
{
	for (;;) {
		_cleanup_close_ int fd = openat(directory_fd, name, O_RDWR | O_CREAT | OPEN_FLAGS, 0600);
		int r;

		if (fd < 0)
			return -errno;
		r = lock_fd(fd, LOCK_EX | LOCK_NB);
		if (r < 0)
			return r;
		/* Its former owner may have removed or renamed it between our open and our lock. */
		if (is_named(directory_fd, name, fd)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
	}
}

int lock_abandoned(int directory_fd, const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = openat(directory_fd, name, O_RDONLY | OPEN_FLAGS);
	int r;

	if (fd < 0)
		return -errno;
	r = lock_fd(fd, LOCK_EX | LOCK_NB);
	if (r < 0)
		return r;
	if (!is_named(directory_fd, name, fd))
		return -ENOENT;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
