/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_new.h"
#include "base/file.h"
#include "store/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LOCK_TRIES 10

int container_new_open_parent(const struct directories *directories, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0) {
		r = errno == ENOENT ? file_make_directories(path, 0700) : -errno;
		if (r == 0 && (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
			r = -errno;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot open '%s'", path);
	*ret_fd = fd;
	return 0;
}

char *container_new_name(const char *id)
{
	return str_printf(".new-%s", id);
}

bool container_new_is(int parent_fd, const char *id, int fd)
{
	_cleanup_free_ char *name = container_new_name(id);
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && file_is_at(parent_fd, name, fd);
}

/* 0 or -errno. Who sweeps and finds it before it is locked takes it for garbage: -EAGAIN. */
static int try_directory(int parent_fd, const char *id, int *ret_fd)
{
	_cleanup_free_ char *name = container_new_name(id);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	r = fd_lock_exclusive(fd);
	if (r < 0)
		return r;
	if (!container_new_is(parent_fd, id, fd))
		return -EAGAIN;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int container_new_make(const struct directories *directories, int parent_fd, const char *id, int *ret_fd, struct error *err)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < LOCK_TRIES; i++)
		r = try_directory(parent_fd, id, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot make '%s/containers/.new-%s'", directories->root, id) : 0;
}

bool container_new_is_idle(const struct directories *directories, const char *id, int *ret_fd)
{
	_cleanup_free_ char *name = container_new_name(id);
	_cleanup_close_ int parent = -EBADF;
	int r = container_new_open_parent(directories, &parent, NULL);

	/* In this order: the one becomes the other. */
	if (r == 0)
		r = lock_abandoned(parent, name, ret_fd);
	if (r == -ENOENT)
		r = lock_abandoned(parent, id, ret_fd);
	return r == 0 || r == -ENOENT;
}
