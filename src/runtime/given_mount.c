/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/given_mount.h"
#include "base/str.h"
#include "host/beneath.h"
#include "host/mount.h"
#include "host/mount_part.h"
#include "host/overlay.h"
#include "host/procfs.h"

#include <fcntl.h>

static int mount_layers(const struct spec_supervision_mount *mount, const struct idmap *ids, bool has_user_marks, int *ret_fd, struct error *err)
{
	struct overlay overlay = {
		.lowers = mount->lowers,
		.lower_count = strv_length(mount->lowers),
		.writable = mount->writable,
		.idmap = ids,
		.has_user_marks = has_user_marks,
	};
	_cleanup_close_ int procfs_fd = -EBADF;
	int r = procfs_open_host(&procfs_fd);

	return r < 0 ? error_errno(err, -r, "cannot open '/proc'") : overlay_mount(procfs_fd, &overlay, ret_fd, NULL, err);
}

/* Strangers may have put links into what is above the subpath. */
static int open_subpath(int base_fd, const struct spec_supervision_mount *mount, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(base_fd, mount->subpath, O_PATH, 0, &fd);

	if (r == 0)
		r = mount_clone_tree(fd, "", mount->recursive, ret_fd);
	/* COMPAT(6.14): what layers come to is attached nowhere. */
	if (r == -EINVAL && mount->lowers)
		r = mount_part_clone(base_fd, mount->subpath, mount->recursive, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot mount '%s' of what is to be mounted on '%s'", mount->subpath, mount->target) : 0;
}

static int open_directory(const struct spec_supervision_mount *mount, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = open(mount->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s' to mount it on '%s'", mount->source, mount->target);
	if (mount->subpath)
		return open_subpath(fd, mount, ret_fd, err);
	r = mount_clone_tree(fd, "", mount->recursive, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot mount '%s' on '%s'", mount->source, mount->target) : 0;
}

int given_mount_open(const struct spec_supervision_mount *mount, const struct idmap *ids, bool has_user_marks, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!mount->lowers)
		return open_directory(mount, ret_fd, err);
	r = mount_layers(mount, ids, has_user_marks, &fd, err);
	if (r == 0 && mount->subpath)
		return open_subpath(fd, mount, ret_fd, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}
