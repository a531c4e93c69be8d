/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "engine/build_debris.h"
#include "engine/build_state.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define TRIES 100

/* Locked before anybody can take it for garbage: -EAGAIN if somebody did. */
static int try_own(struct build *build, int parent_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;

	if (mkdirat(parent_fd, name, 0700) < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -EAGAIN;
	if (!file_is_at(parent_fd, name, fd))
		return -EAGAIN;
	build->work_fd = TAKE_FD(fd);
	return 0;
}

int build_open_work(struct build *build, struct error *err)
{
	const char *path = arena_printf(build->arena, "%s/build/work", build->directories->root);
	_cleanup_close_ int fd = -EBADF;
	int r = file_make_directories(path, 0700);

	if (r == 0 && (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot make the directory '%s'", path);
	ignore_result(build_debris_sweep_work(build->directories)); /* what cannot be listed is left */
	r = -EAGAIN;
	for (int i = 0; r == -EAGAIN && i < TRIES; i++) {
		const char *name = arena_printf(build->arena, "%d-%d", getpid(), i);

		build->work_path = arena_printf(build->arena, "%s/%s", path, name);
		r = try_own(build, fd, name);
	}
	return r < 0 ? error_errno(err, -r, "cannot make the directory '%s'", build->work_path) : 0;
}

int build_work_make(struct build *build, const char **ret, struct error *err)
{
	int r = build->work_fd < 0 ? build_open_work(build, err) : 0;

	if (r < 0)
		return r;
	*ret = arena_printf(build->arena, "%s/%d-%zu", build->work_path, getpid(), build->work_count++);
	return mkdir(*ret, 0755) < 0 ? error_errno(err, errno, "cannot make the directory '%s'", *ret) : 0;
}

void build_close_work(struct build *build)
{
	if (build->work_fd < 0)
		return;
	ignore_result(tree_remove_at(AT_FDCWD, build->work_path)); /* the next build removes what is left */
	close_and_forget(&build->work_fd);
}
