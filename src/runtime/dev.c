/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/dev.h"

#include "host/beneath.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "runtime/mount_steps.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Major numbers of pseudo terminal slaves (Documentation/admin-guide/devices.txt). */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

static const char *field_of(const struct mount_step *step)
{
	return step->field ? step->field : "devices";
}

/* ---- where ------------------------------------------------------------------- */

static int open_dev(struct rootfs *rootfs, struct error *err)
{
	int r;

	if (rootfs->dev_fd >= 0)
		return 0;
	r = beneath_make_directory(rootfs->root_fd, "/dev", 0755, BENEATH_NO_SYMLINKS, &rootfs->dev_fd);
	if (r == -ELOOP)
		return error_set(err, ERROR_INVALID, 0, "cannot use '/dev': it must be a directory, not a symbolic link"), r;
	return r < 0 ? error_errno(err, -r, "cannot use '/dev'") : 0;
}

/* The directory of a node and the name in it. *ret_fd is borrowed if it is rootfs->dev_fd, so ask before closing. */
static int open_parent(struct rootfs *rootfs, const char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	bool below_dev = str_starts_with(path, "/dev/");
	int r;

	if (below_dev) {
		r = open_dev(rootfs, err);
		if (r < 0)
			return r;
		if (!strchr(path + 5, '/') && path[5] && strcmp(path + 5, "..") != 0 && strcmp(path + 5, ".") != 0) {
			*ret_fd = rootfs->dev_fd;
			*ret_name = path + 5;
			return 0;
		}
	}
	r = beneath_make_parent(rootfs->root_fd, path, below_dev ? BENEATH_NO_SYMLINKS : 0, ret_fd, ret_name);
	if (r < 0)
		return error_errno(err, -r, "cannot make the directory of '%s'", path);
	if (procfs_is_procfs(*ret_fd)) {
		close_and_forget(ret_fd);
		return error_set(err, ERROR_INVALID, 0, "cannot use '%s': it is inside of /proc", path);
	}
	return 0;
}

/* ---- nodes made ------------------------------------------------------------------ */

struct node {
	mode_t mode; /* type included */
	dev_t number;
	uid_t uid;
	gid_t gid;
};

static struct node node_of(const struct spec_device *device)
{
	mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;

	return (struct node){
		.mode = type | (device->mode & 07777),
		.number = device->type == 'p' ? 0 : makedev((unsigned)device->major, (unsigned)device->minor),
		.uid = device->has_uid ? device->uid : 0,
		.gid = device->has_gid ? device->gid : 0,
	};
}

/* By descriptor: whoever shares the directory could put a hard link to another file under this name. */
static int set_owner(int parent_fd, const char *name, const struct node *node)
{
	_cleanup_close_ int fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (node->mode & S_IFMT) || st.st_rdev != node->number)
		return -ESTALE;
	return fchownat(fd, "", node->uid, node->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static bool is_already(int parent_fd, const char *name, const struct node *node)
{
	struct stat st;

	return fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode == node->mode && st.st_rdev == node->number &&
	       st.st_uid == node->uid && st.st_gid == node->gid;
}

static int make_node(int parent_fd, const char *name, const struct node *node)
{
	if (mknodat(parent_fd, name, node->mode, node->number) < 0) {
		if (errno != EEXIST)
			return -errno;
		if (is_already(parent_fd, name, node))
			return 0;
		if (unlinkat(parent_fd, name, 0) < 0 || mknodat(parent_fd, name, node->mode, node->number) < 0)
			return -errno;
	}
	return node->uid || node->gid ? set_owner(parent_fd, name, node) : 0;
}

/* ---- nodes bound -------------------------------------------------------------------- */

/* A file to bind on: what is there unless it is a link, else an empty one. */
static int open_target(int parent_fd, const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd >= 0) {
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISLNK(st.st_mode)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		if (unlinkat(parent_fd, name, 0) < 0)
			return -errno;
		close_and_forget(&fd);
	}
	fd = openat(parent_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int bind_node(const struct rootfs *rootfs, struct mount_step *step, int parent_fd, const char *name, struct error *err)
{
	_cleanup_close_ int target_fd = -EBADF;
	int r = 0;

	if (step->mount_fd < 0)
		r = mount_step_open_source(rootfs, step, err);
	if (r < 0)
		return r;
	r = open_target(parent_fd, name, &target_fd);
	if (r == 0)
		r = mount_attach(step->mount_fd, target_fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot bind the device '%s'", field_of(step), step->path);
	close_and_forget(&step->mount_fd);
	return 0;
}

static int run_device(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	struct node node = node_of(step->device);
	const char *name = NULL;
	int parent_fd = -EBADF;
	int r = open_parent(rootfs, step->path, &parent_fd, &name, err);

	if (r < 0)
		return step->field ? error_wrap(err, "%s", step->field) : r;
	r = step->bound_device ? -EPERM : make_node(parent_fd, name, &node);
	/* Without CAP_MKNOD over the host (a runtime inside of a user namespace) the host's own node has to do. */
	if (r == -EPERM && step->device->type != 'p' && !(rootfs->flags & ROOTFS_NO_MOUNT_NAMESPACE))
		r = bind_node(rootfs, step, parent_fd, name, err);
	else if (r < 0)
		r = error_errno(err, -r, "%s: cannot make the device '%s'", field_of(step), step->path);
	if (parent_fd != rootfs->dev_fd)
		close(parent_fd);
	return r;
}

/* ---- links ------------------------------------------------------------------------------ */

static int run_link(struct rootfs *rootfs, const struct mount_step *step, struct error *err)
{
	const char *name = step->path + strlen("/dev/");
	bool is_ptmx = strcmp(name, "ptmx") == 0;
	char text[PATH_MAX];
	ssize_t length;
	int r = open_dev(rootfs, err);

	if (r < 0)
		return r;
	if (strcmp(name, "core") == 0 && access(step->source, F_OK) < 0)
		return 0;
	if (symlinkat(step->source, rootfs->dev_fd, name) == 0)
		return 0;
	/* What an image has there is its own affair, except that ptmx must be that of the container's devpts. */
	if (errno != EEXIST)
		return error_errno(err, errno, "cannot make the link '%s'", step->path);
	if (!is_ptmx)
		return 0;
	length = readlinkat(rootfs->dev_fd, name, text, sizeof text - 1);
	if (length >= 0 && (size_t)length == strlen(step->source) && memcmp(text, step->source, (size_t)length) == 0)
		return 0;
	/* EBUSY: the configuration mounted something there. */
	if (unlinkat(rootfs->dev_fd, name, 0) < 0 && errno == EBUSY)
		return 0;
	if (symlinkat(step->source, rootfs->dev_fd, name) < 0)
		return error_errno(err, errno, "cannot make the link '%s'", step->path);
	return 0;
}

int dev_run(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	return step->kind == MOUNT_STEP_LINK ? run_link(rootfs, step, err) : run_device(rootfs, step, err);
}

/* ---- console and null ---------------------------------------------------------------------- */

int dev_attach_console(struct rootfs *rootfs, int slave_fd, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;
	struct stat st;
	int r = open_dev(rootfs, err);

	if (r < 0)
		return r;
	/* CVE-2025-52565: what lands on /dev/console is this terminal, whatever the names in /dev lead to. */
	if (fstat(slave_fd, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < PTS_MAJOR_FIRST || major(st.st_rdev) > PTS_MAJOR_LAST)
		return error_set(err, ERROR_INTERNAL, ENOTTY, "cannot use the terminal as '/dev/console'");
	r = mount_clone_tree(slave_fd, "", false, &mount_fd);
	if (r == 0)
		r = open_target(rootfs->dev_fd, "console", &target_fd);
	if (r == 0)
		r = mount_attach(mount_fd, target_fd);
	return r < 0 ? error_errno(err, -r, "cannot bind the terminal on '/dev/console'") : 0;
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int dev_open_null(const struct rootfs *rootfs, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (rootfs->null_fd >= 0) {
		fd = fcntl(rootfs->null_fd, F_DUPFD_CLOEXEC, 3);
		r = fd < 0 ? -errno : 0;
	} else {
		r = beneath_open(rootfs->root_fd, "/dev/null", O_PATH, BENEATH_NO_SYMLINKS, &fd);
	}
	if (r < 0)
		return r;
	if (!is_null(fd))
		return -ENODEV;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
