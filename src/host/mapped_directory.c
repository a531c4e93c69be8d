/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mapped_directory.h"
#include "host/mount.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

int mapped_directory_open(int procfs_fd, const char *path, const struct idmap *map, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, userns_fd = -EBADF;
	struct stat status;
	int r = mount_clone_tree(AT_FDCWD, path, true, &fd);

	if (r == 0 && (fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode)))
		r = -ENOTDIR;
	if (r < 0)
		return error_errno(err, -r, "cannot use the directory '%s'", path);
	if (!map || idmap_is_identity(map)) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	r = idmap_make_namespace(procfs_fd, map, &userns_fd, err);
	if (r < 0)
		return r;
	r = mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd, .recursive = true });
	if (r < 0) {
		error_errno(err, -r, "cannot map the owners of the files in '%s'", path);
		if (r == -EINVAL)
			error_hint(err, "its file system, or one that is mounted below, does not know mapped mounts; with --userns=host none are needed");
		return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
