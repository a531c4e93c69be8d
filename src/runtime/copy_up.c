/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner of an image may change the source meanwhile. So a file's owner,
 * mode and capabilities are those of the very file whose bytes are copied, not
 * of what had its name before: else an owner could put content of his own
 * under somebody else's set-user-id bit.
 */
#include "runtime/copy_up.h"

#include "base/memory.h"
#include "base/str.h"
#include "host/syscalls.h"
#include "host/xattr.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define DEPTH_LIMIT 128

/* ---- files with several names ---------------------------------------------------- */

/* A file that was copied and has further names: where its copy is, beneath the target. No more of them than the tmpfs has files. */
struct link {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: free slot */
};

struct copy {
	int target_fd;      /* of the whole */
	struct buf path;    /* of the entry at work, beneath the target */
	struct link *links; /* a hash table; its size is a power of two, at least a quarter is free */
	size_t link_count, link_size;
};

static struct link *find_slot(const struct copy *copy, dev_t dev, ino_t ino)
{
	size_t at = ((size_t)ino * 0x9e3779b97f4a7c15u ^ (size_t)dev) & (copy->link_size - 1);

	while (copy->links[at].path && (copy->links[at].ino != ino || copy->links[at].dev != dev))
		at = (at + 1) & (copy->link_size - 1);
	return &copy->links[at];
}

static void grow(struct copy *copy)
{
	struct link *old = copy->links;
	size_t size = copy->link_size;

	copy->link_size = size ? 2 * size : 64;
	copy->links = memory_new(copy->link_size, sizeof *copy->links);
	for (size_t i = 0; i < size; i++)
		if (old[i].path)
			*find_slot(copy, old[i].dev, old[i].ino) = old[i];
	free(old);
}

/* 1: NAME in TARGET_FD is another name now of what was copied before; 0: it has to be copied. */
static int link_again(struct copy *copy, int target_fd, const char *name, const struct stat *st)
{
	struct link *link;

	if (st->st_nlink < 2)
		return 0;
	if (4 * copy->link_count >= 3 * copy->link_size)
		grow(copy);
	link = find_slot(copy, st->st_dev, st->st_ino);
	if (link->path)
		return linkat(copy->target_fd, link->path, target_fd, name, 0) < 0 ? -errno : 1;
	*link = (struct link){ st->st_dev, st->st_ino, str_dup(copy->path.data) };
	copy->link_count++;
	return 0;
}

static void copy_done(struct copy *copy)
{
	for (size_t i = 0; i < copy->link_size; i++)
		free(copy->links[i].path);
	free(copy->links);
	buf_done(&copy->path);
}

/* ---- entries ------------------------------------------------------------------------ */

static int copy_directory(struct copy *copy, int source_fd, int target_fd, unsigned depth, struct error *err);

static int set_times(int dirfd, const char *name, const struct stat *st)
{
	return utimensat(dirfd, name, (struct timespec[]){ st->st_atim, st->st_mtim }, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* In this order: a new owner clears bits of the mode and the capabilities; an ACL is a mode, too. */
static int set_attributes(int from_fd, int to_fd, const struct stat *st)
{
	int r;

	if (fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(from_fd, to_fd, 0);
	if (r == 0 && futimens(to_fd, (struct timespec[]){ st->st_atim, st->st_mtim }) < 0)
		r = -errno;
	return r;
}

static int copy_bytes(int from_fd, int to_fd)
{
	/* Where both can share the content until one is written to. */
	if (ioctl(to_fd, FICLONE, from_fd) == 0)
		return 0;
	for (;;) {
		ssize_t n = sendfile(to_fd, from_fd, NULL, 1 << 20);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int copy_file(struct copy *copy, int source_fd, int target_fd, const char *name)
{
	_cleanup_close_ int from_fd = openat(source_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to_fd = -EBADF;
	struct stat st;
	int r;

	if (from_fd < 0 || fstat(from_fd, &st) < 0)
		return -errno;
	/* It may be something by now that blocks or never ends. */
	if (!S_ISREG(st.st_mode))
		return -ESTALE;
	r = link_again(copy, target_fd, name, &st);
	if (r != 0)
		return r < 0 ? r : 0;
	to_fd = openat(target_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return -errno;
	r = copy_bytes(from_fd, to_fd);
	return r == 0 ? set_attributes(from_fd, to_fd, &st) : r;
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

/* What is not opened: symbolic links, devices, fifos. */
static int copy_node(struct copy *copy, int source_fd, int target_fd, const char *name, const struct stat *st)
{
	int r = link_again(copy, target_fd, name, st);

	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISLNK(st->st_mode))
		r = copy_link(source_fd, target_fd, name);
	else
		r = mknodat(target_fd, name, st->st_mode, st->st_rdev) < 0 ? -errno : 0;
	if (r == 0 && fchownat(target_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	/* The mode that mknodat() set may have lost bits to the new owner. The target is known to us alone: it is no link. */
	if (r == 0 && !S_ISLNK(st->st_mode) && fchmodat(target_fd, name, st->st_mode & 07777, 0) < 0)
		r = -errno;
	if (r == 0)
		r = xattr_copy_at(source_fd, target_fd, name);
	return r == 0 ? set_times(target_fd, name, st) : r;
}

static int copy_subdirectory(struct copy *copy, int source_fd, int target_fd, const char *name, unsigned depth, struct error *err)
{
	_cleanup_close_ int from_fd = openat(source_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to_fd = -EBADF;
	struct stat st;
	int r;

	if (from_fd < 0 || fstat(from_fd, &st) < 0 || mkdirat(target_fd, name, 0700) < 0)
		return error_errno(err, errno, "'%s'", copy->path.data);
	to_fd = openat(target_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return error_errno(err, errno, "'%s'", copy->path.data);
	r = copy_directory(copy, from_fd, to_fd, depth + 1, err);
	if (r < 0)
		return r;
	/* Last: what is made below would inherit an ACL, and change the times. */
	r = set_attributes(from_fd, to_fd, &st);
	return r < 0 ? error_errno(err, -r, "'%s'", copy->path.data) : 0;
}

static int copy_entry(struct copy *copy, int source_fd, int target_fd, const char *name, unsigned depth, struct error *err)
{
	struct stat st;
	int r = 0;

	if (fstatat(source_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "'%s'", copy->path.data);
	if (S_ISDIR(st.st_mode))
		return copy_subdirectory(copy, source_fd, target_fd, name, depth, err);
	if (S_ISREG(st.st_mode))
		r = copy_file(copy, source_fd, target_fd, name);
	else if (!S_ISSOCK(st.st_mode))
		r = copy_node(copy, source_fd, target_fd, name, &st);
	return r < 0 ? error_errno(err, -r, "'%s'", copy->path.data) : 0;
}

static int copy_directory(struct copy *copy, int source_fd, int target_fd, unsigned depth, struct error *err)
{
	_cleanup_closedir_ DIR *directory = NULL;
	size_t length = copy->path.length;
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
		buf_printf(&copy->path, "%s%s", length ? "/" : "", entry->d_name);
		r = copy_entry(copy, source_fd, target_fd, entry->d_name, depth, err);
		if (r < 0)
			return r;
		copy->path.length = length;
		copy->path.data[length] = '\0';
	}
	return errno ? error_errno(err, errno, "cannot read") : 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int set_own_attributes(int source_fd, int target_fd, unsigned flags)
{
	_cleanup_close_ int from_fd = openat(source_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int to_fd = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &st) < 0)
		return -errno;
	/* An owner that a user namespace has no id for cannot be given. */
	if (fchown(to_fd, flags & COPY_UP_UID ? st.st_uid : (uid_t)-1, flags & COPY_UP_GID ? st.st_gid : (gid_t)-1) < 0 && errno != EINVAL)
		return -errno;
	if ((flags & COPY_UP_MODE) && fchmod(to_fd, st.st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(from_fd, to_fd, flags & COPY_UP_MODE ? 0 : XATTR_NO_ACCESS_ACL);
	if (r == 0 && futimens(to_fd, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0)
		r = -errno;
	return r;
}

int copy_up(int source_fd, int target_fd, unsigned flags, struct error *err)
{
	_cleanup_close_ int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct copy copy = { .target_fd = target_fd };
	int r = copy_directory(&copy, source_fd, target_fd, 0, err);

	copy_done(&copy);
	if (r == 0) {
		r = set_own_attributes(source_fd, target_fd, flags);
		if (r < 0)
			error_errno(err, -r, "the directory itself");
	}
	if (here >= 0)
		ignore_result(fchdir(here)); /* one that is gone is no loss */
	return r;
}
