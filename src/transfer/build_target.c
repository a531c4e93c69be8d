/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_target.h"

#include "base/memory.h"
#include "host/beneath.h"
#include "host/owner.h"
#include "transfer/build_mode.h"
#include "transfer/build_path.h"

#include <fcntl.h>

bool build_target_is_directory(const struct build_target *target)
{
	const char *base = build_path_base(target->path);

	return !*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0;
}

struct timespec build_target_time(const struct build_target *target, struct timespec time)
{
	bool later = time.tv_sec > target->epoch || (time.tv_sec == target->epoch && time.tv_nsec);

	return target->has_epoch && later ? (struct timespec){ .tv_sec = target->epoch } : time;
}

int build_target_adapt(const struct build_target *target, struct stat *st, struct error *err)
{
	mode_t mode = st->st_mode & 07777;
	int r = 0;

	if (target->has_owner) {
		st->st_uid = target->owner.uid;
		st->st_gid = target->owner.gid;
	}
	if (target->chmod && !S_ISLNK(st->st_mode))
		r = build_mode_apply(target->chmod, st->st_mode, &mode, err);
	st->st_mode = (st->st_mode & S_IFMT) | mode;
	st->st_mtim = build_target_time(target, st->st_mtim);
	return r;
}

/* ---- directories ----------------------------------------------------------------------- */

static void remember(const struct build_target *target, const char *path)
{
	struct build_target_made *made = target->made;

	if (!made || !target->has_epoch)
		return;
	made->paths = memory_resize(made->paths, made->count + 2, sizeof *made->paths);
	made->paths[made->count++] = str_dup(path);
	made->paths[made->count] = NULL;
}

/* NAME in the directory, which is missing, the last component of PATH. */
static int make_one(const struct build_target *target, int fd, const char *name, const char *path)
{
	if (mkdirat(fd, name, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	remember(target, path);
	if (target->has_owner && owner_set_at(fd, name, target->owner.uid, target->owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int limit_time(const struct build_target *target, int fd)
{
	struct timespec time;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	time = build_target_time(target, st.st_mtim);
	return futimens(fd, (const struct timespec[2]){ time, time }) < 0 ? -errno : 0;
}

int build_target_finish(const struct build_target *target, struct error *err)
{
	struct build_target_made *made = target->made;
	int r = 0;

	for (size_t i = 0; r == 0 && i < made->count; i++) {
		_cleanup_close_ int fd = -EBADF;

		r = beneath_open(target->root_fd, made->paths[i], O_RDONLY | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);
		/* An archive that was unpacked may have put something else there. */
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			r = 0;
		else if (r == 0)
			r = limit_time(target, fd);
		if (r < 0)
			error_errno(err, -r, "cannot set the times of '/%.400s'", made->paths[i]);
	}
	strv_free(made->paths);
	*made = (struct build_target_made){ .count = 0 };
	return r;
}

/* A component at a time, from the root. */
static int make_path(const struct build_target *target, char *path, int *ret_fd)
{
	int fd = openat(target->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), r = fd < 0 ? -errno : 0;

	for (char *name = path, *slash; r == 0 && *name; name = slash) {
		int next_fd = -EBADF;
		bool has_more;

		slash = strchrnul(name, '/');
		has_more = *slash;
		*slash = '\0';
		next_fd = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next_fd < 0 && errno == ENOENT) {
			r = make_one(target, fd, name, path);
			next_fd = r < 0 ? -EBADF : openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		if (r == 0 && next_fd < 0)
			r = -errno;
		close(fd);
		fd = next_fd;
		if (has_more)
			*slash++ = '/';
	}
	if (r < 0) {
		close_and_forget(&fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int build_target_make_directory(const struct build_target *target, const char *path, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(path);
	int r = beneath_open(target->root_fd, path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret_fd);

	if (r == -ENOENT)
		r = make_path(target, copy, ret_fd);
	if (r == -ENOTDIR || r == -ELOOP)
		return error_set(err, ERROR_CONFLICT, 0, "there is a file in the way of the directory '/%.400s'", path);
	return r < 0 ? error_errno(err, -r, "cannot make the directory '/%.400s'", path) : 0;
}

/* ---- places ---------------------------------------------------------------------------------- */

int build_target_place(const struct build_target *target, const char *name, int *ret_fd, struct buf *ret, struct error *err)
{
	_cleanup_buf_ struct buf real = BUF_INIT;
	const char *base;
	int r = build_path_follow(target->root_fd, target->path, &real);

	ret->length = 0;
	if (r < 0)
		return error_errno(err, -r, "cannot write to '%.400s'", target->path);
	buf_add_text(ret, name);
	if (build_target_is_directory(target))
		return build_target_make_directory(target, real.data, ret_fd, err);
	r = beneath_open(target->root_fd, real.data, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret_fd);
	if (r == 0)
		return 0;
	base = build_path_base(real.data);
	ret->length = 0;
	buf_add_text(ret, base);
	real.data[base == real.data ? 0 : base - real.data - 1] = '\0';
	return build_target_make_directory(target, real.data, ret_fd, err);
}

int build_target_clear(int fd, const char *name, const char *path, struct error *err)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at '%.400s'", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_CONFLICT, 0, "cannot replace the directory '%.400s' by a file", path);
	return unlinkat(fd, name, 0) < 0 ? error_errno(err, errno, "cannot replace '%.400s'", path) : 0;
}
