/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"
#include "base/file.h"
#include "base/json.h"
#include "base/moment.h"
#include "engine/bundle_root.h"
#include "host/beneath.h"
#include "runtime/copy_up.h"
#include "store/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DATA "_data"
#define COPYING "copying"
#define NAME_LIMIT 255

int volume_check_name(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(name);

	if (length >= 2 && length <= NAME_LIMIT && strspn(name, letters) == length && !strchr("_.-", name[0]))
		return 0;
	error_set(err, ERROR_INVALID, 0, "'%.100s' is no name of a volume: expected [a-zA-Z0-9][a-zA-Z0-9_.-]+", name);
	error_hint(err, "a directory of the host begins with '/', or './' in -v");
	return -EINVAL;
}

/* ---- making --------------------------------------------------------------------------- */

static int write_record(int fd, const struct spec_container_mount *mount)
{
	_cleanup_buf_ struct buf text = BUF_INIT, created = BUF_INIT;
	struct json_writer w = { .out = &text };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	moment_add(&now, &created);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Name", mount->source);
	json_write_string(&w, "Driver", "local");
	json_write_string(&w, "CreatedAt", created.data);
	if (mount->anonymous)
		json_write_bool(&w, "Anonymous", true);
	json_write_close(&w, '}');
	return file_replace_at(fd, "volume.json", text.data, text.length, 0600);
}

/* Complete under a name that is not taken for a volume's. */
static int make_at(int volumes_fd, const char *scratch, const struct spec_container_mount *mount)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (mkdirat(volumes_fd, scratch, 0700) < 0)
		return -errno;
	fd = openat(volumes_fd, scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || mkdirat(fd, DATA, 0755) < 0 || fchmodat(fd, DATA, 0755, 0) < 0)
		return -errno;
	r = write_record(fd, mount);
	if (r == 0 && renameat(volumes_fd, scratch, volumes_fd, mount->source) < 0)
		r = -errno;
	/* Somebody else was faster. */
	if (r == -ENOTEMPTY || r == -EEXIST)
		r = tree_remove_at(volumes_fd, scratch);
	return r;
}

static int open_volume(struct bundle_plan *plan, const struct spec_container_mount *mount, int *ret_fd, struct error *err)
{
	const char *path = arena_printf(plan->arena, "%s/volumes", plan->record->directories->root);
	_cleanup_close_ int volumes_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *scratch = arena_printf(plan->arena, ".new-%s-%d", mount->source, (int)getpid());
	int r = 0;

	if (volumes_fd < 0 && errno == ENOENT) {
		r = file_make_directories(path, 0700);
		volumes_fd = r < 0 ? -EBADF : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (r == 0 && volumes_fd < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot open '%s'", path);
	*ret_fd = openat(volumes_fd, mount->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0 && errno == ENOENT) {
		r = make_at(volumes_fd, scratch, mount);
		if (r == 0)
			*ret_fd = openat(volumes_fd, mount->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (r == 0 && *ret_fd < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot make the volume '%s'", mount->source) : 0;
}

/* ---- its first content ------------------------------------------------------------------- */

static int find_entry(void *context _unused_, const char *name)
{
	return str_equal(name, ".") || str_equal(name, "..") ? 0 : 1;
}

/* 1 if it has nothing in it, 0 if it has, or -errno. */
static int is_empty(int volume_fd)
{
	_cleanup_close_ int fd = openat(volume_fd, DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : file_each_name(fd, find_entry, NULL);

	return r < 0 ? r : r == 0;
}

/* What a copy that was killed left behind. */
static int sweep(int volume_fd)
{
	int r;

	if (faccessat(volume_fd, COPYING, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	r = tree_remove_at(volume_fd, DATA);
	if (r == 0 && (mkdirat(volume_fd, DATA, 0755) < 0 || fchmodat(volume_fd, DATA, 0755, 0) < 0))
		r = -errno;
	return r == 0 && unlinkat(volume_fd, COPYING, 0) < 0 ? -errno : r;
}

static int copy(int source_fd, int volume_fd, struct error *err)
{
	_cleanup_close_ int mark_fd = openat(volume_fd, COPYING, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	_cleanup_close_ int target_fd = openat(volume_fd, DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (mark_fd < 0 || target_fd < 0)
		return error_errno(err, errno, "cannot write to it");
	r = copy_up(source_fd, target_fd, COPY_UP_UID | COPY_UP_GID | COPY_UP_MODE, err);
	if (r == 0 && unlinkat(volume_fd, COPYING, 0) < 0)
		r = error_errno(err, errno, "cannot write to it");
	return r;
}

static int fill(struct bundle_plan *plan, const struct spec_container_mount *mount, int volume_fd, struct error *err)
{
	_cleanup_close_ int image_fd = -EBADF, source_fd = -EBADF;
	int r = bundle_open_image(plan, &image_fd, err);

	if (r < 0)
		return r;
	r = beneath_open(image_fd, mount->target, O_RDONLY | O_DIRECTORY, 0, &source_fd);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot open '%s' of the image", mount->target);
	return copy(source_fd, volume_fd, err);
}

int volume_prepare(struct bundle_plan *plan, const struct spec_container_mount *mount, char **ret_path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_volume(plan, mount, &fd, err);

	if (r < 0)
		return r;
	*ret_path = arena_printf(plan->arena, "%s/volumes/%s/" DATA, plan->record->directories->root, mount->source);
	if (mount->no_copy)
		return 0;
	if (flock(fd, LOCK_EX) < 0)
		return error_errno(err, errno, "cannot lock the volume '%s'", mount->source);
	r = sweep(fd);
	if (r == 0)
		r = is_empty(fd);
	if (r < 0)
		return error_errno(err, -r, "cannot use the volume '%s'", mount->source);
	r = r > 0 ? fill(plan, mount, fd, err) : 0;
	return r < 0 ? error_wrap(err, "cannot fill the volume '%s'", mount->source) : 0;
}
