/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy_up.h"

#include "host/syscalls.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define DEPTH_LIMIT 128

static int copy_directory(int source_fd, int target_fd, unsigned depth, struct error *err);

static int copy_bytes(int from_fd, int to_fd)
{
	for (;;) {
		ssize_t n = sendfile(to_fd, from_fd, NULL, 1 << 20);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int copy_file(int source_fd, int target_fd, const char *name, const struct stat *st)
{
	_cleanup_close_ int from_fd = openat(source_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to_fd = -EBADF;
	struct stat now;

	/* The image's owner may swap it meanwhile for something that blocks or never ends. */
	if (from_fd < 0 || fstat(from_fd, &now) < 0)
		return -errno;
	if (!S_ISREG(now.st_mode))
		return -ESTALE;
	to_fd = openat(target_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return -errno;
	if (fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0)
		return -errno;
	return copy_bytes(from_fd, to_fd);
}

static int copy_link(int source_fd, int target_fd, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(source_fd, name, text, sizeof text - 1);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	return symlinkat(text, target_fd, name) < 0 ? -errno : 0;
}

static int copy_subdirectory(int source_fd, int target_fd, const char *name, const struct stat *st, unsigned depth, struct error *err)
{
	_cleanup_close_ int from_fd = openat(source_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to_fd = -EBADF;
	int r;

	if (from_fd < 0 || mkdirat(target_fd, name, 0700) < 0)
		return error_errno(err, errno, "'%s'", name);
	to_fd = openat(target_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0 || fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0)
		return error_errno(err, errno, "'%s'", name);
	r = copy_directory(from_fd, to_fd, depth + 1, err);
	return r < 0 ? error_wrap(err, "'%s'", name) : 0;
}

static int copy_entry(int source_fd, int target_fd, const char *name, unsigned depth, struct error *err)
{
	struct stat st;
	int r = 0;

	if (fstatat(source_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "'%s'", name);
	if (S_ISDIR(st.st_mode))
		r = copy_subdirectory(source_fd, target_fd, name, &st, depth, err);
	else if (S_ISREG(st.st_mode))
		r = copy_file(source_fd, target_fd, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(source_fd, target_fd, name);
	else if (!S_ISSOCK(st.st_mode))
		r = mknodat(target_fd, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
	else
		return 0;
	if (r < 0)
		return S_ISDIR(st.st_mode) ? r : error_errno(err, -r, "'%s'", name);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && fchownat(target_fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "'%s'", name);
	if (utimensat(target_fd, name, (struct timespec[]){ st.st_atim, st.st_mtim }, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "'%s'", name);
	return 0;
}

static int copy_directory(int source_fd, int target_fd, unsigned depth, struct error *err)
{
	_cleanup_closedir_ DIR *directory = NULL;
	struct dirent *entry;
	int fd;

	if (depth > DEPTH_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "more than %d levels of directories", DEPTH_LIMIT);
	fd = openat(source_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot read");
	directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return error_errno(err, ENOMEM, "cannot read");
	}
	while (errno = 0, (entry = readdir(directory))) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = copy_entry(source_fd, target_fd, entry->d_name, depth, err);
		if (r < 0)
			return r;
	}
	return errno ? error_errno(err, errno, "cannot read") : 0;
}

int copy_up(int source_fd, int target_fd, struct error *err)
{
	return copy_directory(source_fd, target_fd, 0, err);
}
