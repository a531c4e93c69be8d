/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"
#include "base/file.h"
#include "engine/bundle_root.h"
#include "engine/volume_backing.h"
#include "host/beneath.h"
#include "runtime/copy_up.h"
#include "store/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define COPYING "copying"

/* The volume of MOUNT, made if it is not there. */
static int open_volume(struct arena *arena, const struct directories *directories, const struct spec_container_mount *mount, struct volume_record *ret,
	struct error *err)
{
	const struct spec_volume volume = {
		.name = mount->source,
		.anonymous = mount->anonymous,
		.options = mount->volume_options,
		.option_count = mount->volume_option_count,
		.labels = mount->volume_labels,
		.label_count = mount->volume_label_count,
	};
	struct error told = ERROR_INIT;
	bool made = false;
	int r = volume_record_open(arena, directories, mount->source, ret, &told);

	if (r == 0)
		return 0;
	if (told.kind == ERROR_NOT_FOUND) {
		struct spec_volume checked = volume;

		r = volume_backing_check(&checked, err);
		if (r == 0)
			r = volume_record_make(arena, directories, &checked, NULL, NULL, &made, err);
		return r < 0 ? r : volume_record_open(arena, directories, mount->source, ret, err);
	}
	if (err)
		*err = told;
	return r;
}

int volume_ensure(struct arena *arena, const struct directories *directories, const struct spec_container_mount *mount, struct error *err)
{
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;

	return open_volume(arena, directories, mount, &record, err);
}

/* ---- its first content ------------------------------------------------------------------- */

static int find_entry(void *context _unused_, const char *name)
{
	return str_equal(name, ".") || str_equal(name, "..") ? 0 : 1;
}

/* 1 if it has nothing in it, 0 if it has, or -errno. */
static int is_empty(int volume_fd)
{
	_cleanup_close_ int fd = openat(volume_fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : file_each_name(fd, find_entry, NULL);

	return r < 0 ? r : r == 0;
}

/* Without _data itself, which may be a mount. */
static int empty(int volume_fd)
{
	_cleanup_close_ int fd = openat(volume_fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_path_set_ struct path_set *none = path_set_new();

	return fd < 0 ? -errno : tree_prune_at(fd, "", none);
}

/* What a copy that was killed left behind. */
static int sweep(int volume_fd)
{
	int r;

	if (faccessat(volume_fd, COPYING, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	r = empty(volume_fd);
	return r == 0 && unlinkat(volume_fd, COPYING, 0) < 0 ? -errno : r;
}

static int copy(int source_fd, int volume_fd, struct error *err)
{
	_cleanup_close_ int mark_fd = openat(volume_fd, COPYING, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	_cleanup_close_ int target_fd = openat(volume_fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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

/* The first content, once. */
static int fill_once(struct bundle_plan *plan, const struct spec_container_mount *mount, const struct volume_record *record, struct error *err)
{
	int r = sweep(record->fd);

	if (r == 0)
		r = is_empty(record->fd);
	if (r < 0)
		return error_errno(err, -r, "cannot use the volume '%s'", mount->source);
	r = r > 0 ? fill(plan, mount, record->fd, err) : 0;
	return r < 0 ? error_wrap(err, "cannot fill the volume '%s'", mount->source) : 0;
}

static bool has_first_content(const struct volume_record *record, const struct spec_container_mount *mount)
{
	/* What is bound, or comes from elsewhere, is somebody's already; a snapshot stays as it is. */
	return !mount->no_copy && !mount->subpath && !record->volume->read_only && (record->volume->has_image || !spec_volume_option(record->volume, "device"));
}

int volume_prepare(struct bundle_plan *plan, const struct spec_container_mount *mount, struct volume_place *ret, struct error *err)
{
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	int r = open_volume(plan->arena, plan->record->directories, mount, &record, err);

	if (r < 0)
		return r;
	ret->path = volume_backing_path(plan->arena, record.path, record.volume);
	ret->is_read_only = volume_backing_is_read_only(record.volume);
	if (mount->no_copy && !volume_backing_is_mounted(record.volume))
		return 0;
	r = volume_record_lock(&record, err);
	if (r < 0)
		return r;
	r = volume_backing_open(record.fd, record.volume, err);
	if (r < 0)
		return error_wrap(err, "cannot use the volume '%s'", mount->source);
	return has_first_content(&record, mount) ? fill_once(plan, mount, &record, err) : 0;
}
