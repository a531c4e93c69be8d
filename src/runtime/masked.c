/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/masked.h"

#include "host/beneath.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "runtime/dev.h"

#include <sys/mount.h>
#include <sys/stat.h>

void masked_done(struct masked *masked)
{
	close_and_forget(&masked->null_fd);
	close_and_forget(&masked->directory_fd);
}

int masked_check_proc(const struct rootfs *rootfs, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(rootfs->root_fd, "/proc", O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);

	if (r == 0 && procfs_is_root(fd))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "cannot use '/proc': it is not a procfs");
}

/*
 * Opens the path of a step; 0 and *ret_fd untouched if there is no such path.
 * What lies in /proc is opened in the mount that we attached there: by name,
 * another directory could have come into its place, and without the file that
 * was to be masked there would seem to be nothing to do (CVE-2019-19921).
 */
static int open_path(const struct rootfs *rootfs, struct masked *masked, const struct mount_step *step, int *ret_fd, struct error *err)
{
	bool in_proc = str_starts_with(step->path, "/proc/") && rootfs->proc_fd >= 0 && !strstr(step->path, "..");
	int r = in_proc ? beneath_open(rootfs->proc_fd, step->path + strlen("/proc/"), O_PATH, 0, ret_fd)
			: beneath_open(rootfs->root_fd, step->path, O_PATH, 0, ret_fd);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "%s: cannot open '%s'", step->field, step->path);
	if (!masked->proc_checked && str_starts_with(step->path, "/proc/")) {
		r = masked_check_proc(rootfs, err);
		if (r < 0)
			return error_wrap(err, "%s: cannot protect '%s'", step->field, step->path);
		masked->proc_checked = true;
	}
	return 0;
}

int masked_run_readonly(const struct rootfs *rootfs, struct masked *masked, const struct mount_step *step, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, mount_fd = -EBADF;
	int r = open_path(rootfs, masked, step, &fd, err);

	if (r < 0 || fd < 0)
		return r;
	/* Recursive: in a user namespace a mount may not be bound without what is mounted on it. The flags it has stay. */
	r = mount_clone_tree(fd, "", true, &mount_fd);
	if (r == 0)
		r = mount_set_attributes(mount_fd, &(struct mount_attributes){ .set = MOUNT_ATTR_RDONLY });
	if (r == 0)
		r = mount_attach(mount_fd, fd);
	return r < 0 ? error_errno(err, -r, "%s: cannot make '%s' read-only", step->field, step->path) : 0;
}

/* The first mask of a directory is a new tmpfs, the others show the same: it is empty and stays so. */
static int new_directory_mask(struct masked *masked, int *ret_fd, struct error *err)
{
	struct mount_request request = {
		.type = "tmpfs",
		.source = "tmpfs",
		.flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		.data = "mode=0555",
	};
	int r;

	if (masked->directory_fd < 0)
		return mount_new_filesystem(&request, ret_fd, err);
	r = mount_clone_tree(masked->directory_fd, "", false, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot mount an empty directory") : 0;
}

static int new_file_mask(const struct rootfs *rootfs, struct masked *masked, int *ret_fd, struct error *err)
{
	int r = 0;

	if (masked->null_fd < 0) {
		r = dev_open_null(rootfs, &masked->null_fd);
		if (r < 0)
			return error_errno(err, -r, "cannot use '/dev/null' as a mask");
		/* The host's is detached still, and before 6.15 only what is attached can be cloned: so it is the first mask itself. */
		if (rootfs->null_fd >= 0) {
			*ret_fd = fcntl(masked->null_fd, F_DUPFD_CLOEXEC, 3);
			return *ret_fd < 0 ? error_errno(err, errno, "cannot use '/dev/null' as a mask") : 0;
		}
	}
	r = mount_clone_tree(masked->null_fd, "", false, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot bind '/dev/null'") : 0;
}

int masked_run(const struct rootfs *rootfs, struct masked *masked, const struct mount_step *step, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, mount_fd = -EBADF;
	struct stat st;
	bool is_directory;
	int r = open_path(rootfs, masked, step, &fd, err);

	if (r < 0 || fd < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "%s: cannot look at '%s'", step->field, step->path);
	is_directory = S_ISDIR(st.st_mode);
	r = is_directory ? new_directory_mask(masked, &mount_fd, err) : new_file_mask(rootfs, masked, &mount_fd, err);
	if (r < 0)
		return error_wrap(err, "%s: cannot mask '%s'", step->field, step->path);
	r = mount_attach(mount_fd, fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot mask '%s'", step->field, step->path);
	if (is_directory && masked->directory_fd < 0)
		masked->directory_fd = TAKE_FD(mount_fd);
	return 0;
}
