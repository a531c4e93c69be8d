/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_mount_cache.h"
#include "base/file.h"
#include "base/random_name.h"
#include "base/str.h"
#include "engine/container_size.h"
#include "store/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LOCK_SUFFIX ".lock"
#define MEASURE_AGE_S 3600
#define NUMBER_LIMIT 32 /* bytes */

/* ---- locks ------------------------------------------------------------------------------ */

static int lock_file(int fd, int how)
{
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int lock_at(int directory_fd, const char *name, int how, int *ret_fd)
{
	_cleanup_free_ char *lock = str_printf("%s" LOCK_SUFFIX, name);

	for (;;) {
		_cleanup_close_ int fd = openat(directory_fd, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		int r = fd < 0 ? -errno : lock_file(fd, how);

		if (r < 0)
			return r;
		/* Whoever had it may have removed it between our open and our lock. */
		if (file_is_at(directory_fd, lock, fd)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
	}
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int build_mount_cache_lock(const char *path, const char *name, int how, int *ret_fd)
{
	_cleanup_close_ int fd = open_directory(path);

	return fd < 0 ? fd : lock_at(fd, name, how, ret_fd);
}

/* ---- measuring ------------------------------------------------------------------------------ */

/* What it took, if that is known and still holds. */
static bool recall(int mounts_fd, const char *name, int64_t used_s, uint64_t *ret_bytes)
{
	_cleanup_free_ char *lock = str_printf("%s" LOCK_SUFFIX, name);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat status;

	if (fstatat(mounts_fd, lock, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (status.st_mtim.tv_sec <= used_s && status.st_mtim.tv_sec < time(NULL) - MEASURE_AGE_S))
		return false;
	return file_read_regular_at(mounts_fd, lock, NUMBER_LIMIT, &text) == 0 && text.length > 0 && str_to_u64(text.data, 10, ret_bytes) == 0;
}

/* For the next time. Always as long, so that two who write at once leave the number of one of them. */
static void remember(int mounts_fd, const char *name, uint64_t bytes)
{
	_cleanup_free_ char *lock = str_printf("%s" LOCK_SUFFIX, name), *text = str_printf("%020llu", (unsigned long long)bytes);
	_cleanup_close_ int fd = openat(mounts_fd, lock, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		ignore_result(pwrite(fd, text, strlen(text), 0)); /* then it is measured again */
}

/* Not longer than it takes to find out: a step may want it meanwhile. */
static bool is_in_use(int mounts_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;

	return lock_at(mounts_fd, name, LOCK_EX | LOCK_NB, &fd) < 0;
}

int build_mount_cache_measure(int mounts_fd, const char *name, bool roughly, struct build_mount_cache *ret)
{
	_cleanup_free_ char *path = NULL;
	struct stat status;
	int r;

	if (fstatat(mounts_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode) || name[0] == '.')
		return -ENOTDIR;
	*ret = (struct build_mount_cache){ .used_s = status.st_mtim.tv_sec };
	ret->in_use = is_in_use(mounts_fd, name);
	if (roughly && recall(mounts_fd, name, ret->used_s, &ret->bytes))
		return 0;
	path = str_printf("/proc/self/fd/%d/%s", mounts_fd, name);
	r = container_disk_usage(path, &ret->bytes);
	if (r == 0 && !ret->in_use)
		remember(mounts_fd, name, ret->bytes);
	return r;
}

/* ---- taking away -------------------------------------------------------------------------------- */

struct retired {
	int work_fd; /* of ROOT/build/work, where what nobody has locked is garbage */
	int fd;      /* of what was the cache; ours as long as it is open */
	char *name;  /* in that directory */
};

static void retired_done(struct retired *retired)
{
	close_and_forget(&retired->work_fd);
	close_and_forget(&retired->fd);
	free(retired->name);
}

static int open_retired(const struct directories *directories, int mounts_fd, const char *name, struct retired *retired)
{
	_cleanup_free_ char *path = str_printf("%s/build/work", directories->root);
	int r = file_make_directories(path, 0700);

	if (r == 0)
		r = retired->work_fd = open_directory(path);
	if (r < 0)
		return r;
	retired->name = random_name();
	if (!retired->name)
		return -EIO;
	retired->fd = openat(mounts_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return retired->fd < 0 ? -errno : lock_file(retired->fd, LOCK_EX | LOCK_NB);
}

/* Its name is gone at once. */
static int remove_locked(const struct directories *directories, int mounts_fd, const char *name)
{
	_cleanup_(retired_done) struct retired retired = { .work_fd = -EBADF, .fd = -EBADF };
	int r = open_retired(directories, mounts_fd, name, &retired);

	if (r == 0 && renameat(mounts_fd, name, retired.work_fd, retired.name) < 0)
		r = -errno;
	return r < 0 ? r : tree_remove_at(retired.work_fd, retired.name);
}

int build_mount_cache_remove(const struct directories *directories, const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/build/mounts", directories->root), *lock = str_printf("%s" LOCK_SUFFIX, name);
	_cleanup_close_ int mounts_fd = open_directory(path), lock_fd = -EBADF;
	int r = mounts_fd < 0 ? mounts_fd : lock_at(mounts_fd, name, LOCK_EX | LOCK_NB, &lock_fd);

	if (r == -EWOULDBLOCK)
		return 0;
	if (r == 0)
		r = remove_locked(directories, mounts_fd, name);
	if (r < 0 && r != -ENOENT)
		return r;
	ignore_result(unlinkat(mounts_fd, lock, 0)); /* it takes next to nothing */
	return 1;
}
