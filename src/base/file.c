/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

int fd_read_all(int fd, size_t limit, struct buf *buf)
{
	size_t start = buf->length;
	char block[32768]; /* of which a small file touches one page */

	for (;;) {
		ssize_t n = read(fd, block, sizeof block);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if (buf->length - start + (size_t)n > limit)
			return -EFBIG;
		buf_add(buf, block, (size_t)n);
	}
	buf_add(buf, "", 0);
	return 0;
}

int fd_write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int fd_above_stdio(int fd)
{
	int moved;

	if (fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		moved = -errno;
	close(fd);
	return moved;
}

int fd_lock_exclusive(int fd)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void fd_fill_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			ignore_result(open("/dev/null", O_RDWR)); /* the lowest that is free; without one it stays closed */
}

int file_read_at(int dirfd, const char *path, size_t limit, struct buf *buf)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, limit, buf);
}

int file_read_whole_at(int dirfd, const char *path, size_t limit, struct buf *buf)
{
	/* A fifo in its place is not waited for. */
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	size_t start = buf->length;
	char block[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		do
			n = read(fd, block, sizeof block);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		if (buf->length - start + (size_t)n > limit)
			return -EFBIG;
		buf_add(buf, block, (size_t)n);
	} while ((size_t)n == sizeof block);
	return 0;
}

int file_read_regular_at(int dirfd, const char *path, size_t limit, struct buf *buf)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -ENXIO;
	return fd_read_all(fd, limit, buf);
}

int file_put_at(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int file_replace_at(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode)
{
	_cleanup_free_ char *temporary = str_printf("%s.tmp-%d", path, (int)getpid());
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	/* Left by a killed process of the same number. */
	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, temporary, 0) == 0)
		fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, bytes, length);
	if (r == 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0)
		ignore_result(unlinkat(dirfd, temporary, 0)); /* the first failure is the one to report */
	return r;
}

int file_each_name(int fd, file_visit_name *visit, void *context)
{
	_cleanup_close_ int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *directory = again < 0 ? NULL : fdopendir(again);
	int r = 0;

	if (!directory)
		return -errno;
	again = -EBADF; /* the directory's from now on */
	while (r == 0) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (!entry)
			return -errno;
		r = visit(context, entry->d_name);
	}
	return r;
}

int file_make_directories(const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = str_dup(path);

	/* Mostly it is there, or its parent is. */
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	for (char *slash = copy + 1; *copy && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

bool file_is_at(int dirfd, const char *name, int fd)
{
	struct stat by_name, by_fd;

	return fstatat(dirfd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
	       by_name.st_dev == by_fd.st_dev;
}
