/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_idmap.h"
#include "host/idmap.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"

#include <fcntl.h>
#include <sys/mount.h>

/* A user namespace that maps the first id of the range: which one does not matter here. */
static int open_namespace(const struct bundle_plan *plan, int *ret_fd)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	struct idmap_range range = { plan->ids.uids[0].container_id, plan->ids.uids[0].host_id, 1 };
	struct idmap map = { .uids = &range, .uid_count = 1, .gids = &range, .gid_count = 1 };
	int r = procfs_open_host(&procfs_fd);

	return r < 0 ? r : idmap_make_namespace(procfs_fd, &map, ret_fd, NULL);
}

static int try(const char *path, int userns_fd, bool is_recursive)
{
	_cleanup_close_ int fd = -EBADF;
	int r = mount_clone_tree(AT_FDCWD, path, is_recursive, &fd);

	if (r < 0)
		return r;
	return mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd, .recursive = is_recursive });
}

enum bundle_idmap bundle_idmap_probe(struct bundle_plan *plan, const char *path, bool is_recursive)
{
	_cleanup_close_ int userns_fd = -EBADF;

	/* What its user namespace shows is all that an ordinary user can have. */
	if (!user_namespace_is_first())
		return BUNDLE_IDMAP_NONE;
	/* Whoever cannot make one learns so when the container is started. */
	if (open_namespace(plan, &userns_fd) < 0)
		return BUNDLE_IDMAP_ALL;
	if (try(path, userns_fd, is_recursive) == 0)
		return is_recursive ? BUNDLE_IDMAP_ALL : BUNDLE_IDMAP_TOP;
	if (is_recursive && try(path, userns_fd, false) == 0) {
		bundle_warn(plan, "files in what is mounted below '%s' belong to nobody in the container: owners cannot be mapped there", path);
		return BUNDLE_IDMAP_TOP;
	}
	bundle_warn(plan, "files in '%s' belong to nobody in the container: owners cannot be mapped on its file system", path);
	return BUNDLE_IDMAP_NONE;
}
