/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/jail_root.h"

#include "base/memory.h"
#include "base/narration.h"
#include "base/str.h"
#include "host/beneath.h"
#include "host/mount.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <sys/mount.h>

/* ---- the directory -------------------------------------------------------------------- */

static int open_directory(const struct jail_request *request, const struct stat *seen, int *ret, struct error *err)
{
	_cleanup_close_ int fd = open(request->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(err, errno, "cannot open '%s'", request->directory);
	if (status.st_dev != seen->st_dev || status.st_ino != seen->st_ino)
		return error_set(err, ERROR_CONFLICT, 0, "'%s' was replaced meanwhile", request->directory);
	*ret = TAKE_FD(fd);
	return 0;
}

static int attach(int mount_fd, int target_fd, const char *what, struct error *err)
{
	int r = mount_attach(mount_fd, target_fd);

	return r < 0 ? error_errno(err, -r, "cannot mount %s in the jail", what) : 0;
}

/* The directory, with all that is mounted in it, is a mount on itself: *RET is its root. */
static int make_root(int directory_fd, const struct jail_request *request, int *ret, struct error *err)
{
	struct mount_attributes attributes = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE, .recursive = true };
	_cleanup_close_ int fd = -EBADF;
	int r = mount_clone_tree(directory_fd, "", true, &fd);

	if (r == 0)
		r = mount_set_attributes(fd, &attributes);
	if (r < 0)
		return error_errno(err, -r, "cannot make '%s' a mount of its own", request->directory);
	r = attach(fd, directory_fd, "the directory", err);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

/* ---- what is in it ---------------------------------------------------------------------- */

/* A piece of the root: a detached mount, and where it goes. */
struct piece {
	int mount_fd, target_fd;
	const char *what;
};

struct pieces {
	struct piece *list;
	size_t count;
};

static void close_pieces(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++) {
		close_and_forget(&pieces->list[i].mount_fd);
		close_and_forget(&pieces->list[i].target_fd);
	}
	free(pieces->list);
}

static struct piece *add_piece(struct pieces *pieces, const char *what)
{
	pieces->list = memory_resize(pieces->list, pieces->count + 1, sizeof *pieces->list);
	pieces->list[pieces->count] = (struct piece){ .mount_fd = -EBADF, .target_fd = -EBADF, .what = what };
	return &pieces->list[pieces->count++];
}

/* Its own: what is in it is there before it is attached. */
static int new_filesystem(int root_fd, const struct mount_request *request, const char *target, struct piece *piece, struct error *err)
{
	int r = beneath_make_directory(root_fd, target, 0755, 0, &piece->target_fd);

	if (r < 0)
		return error_errno(err, -r, "cannot make '%s' in the jail", target);
	r = mount_new_filesystem(request, &piece->mount_fd, err);
	return r < 0 ? error_wrap(err, "cannot mount %s in the jail", request->type) : 0;
}

static int add_bind(int root_fd, const struct jail_bind *bind, struct pieces *pieces, struct error *err)
{
	struct mount_attributes attributes = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (bind->is_read_only ? MOUNT_ATTR_RDONLY : 0),
		.propagation = MS_PRIVATE, .recursive = true };
	struct piece *piece = add_piece(pieces, bind->target);
	struct stat status;
	int r = mount_clone_tree(AT_FDCWD, bind->source, true, &piece->mount_fd);

	if (r == 0)
		r = mount_set_attributes(piece->mount_fd, &attributes);
	if (r == 0 && fstat(piece->mount_fd, &status) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot bind '%s'", bind->source);
	if (S_ISDIR(status.st_mode))
		r = beneath_make_directory(root_fd, bind->target, 0755, 0, &piece->target_fd);
	else
		r = beneath_make_file(root_fd, bind->target, 0644, 0, &piece->target_fd);
	return r < 0 ? error_errno(err, -r, "cannot make '%s' in the jail", bind->target) : 0;
}

/* ---- /dev ------------------------------------------------------------------------------- */

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *name, *target;
} links[] = { { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" } };

static const struct mount_request dev_request = { .type = "tmpfs", .source = "dev", .flags = MS_NOSUID | MS_NOEXEC, .data = "mode=755,size=65536,nr_inodes=64" };
static const struct mount_request shm_request = { .type = "tmpfs", .source = "shm", .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC, .data = "mode=1777,size=67108864" };
static const struct mount_request pts_request = { .type = "devpts", .source = "devpts", .flags = MS_NOSUID | MS_NOEXEC,
	.data = "newinstance,ptmxmode=0666,mode=620" };

/* Of the host's nodes, which a jail's root may not make: the mount of each is of that file alone. */
static int bind_device(int dev_fd, const char *name, struct error *err)
{
	_cleanup_free_ char *source = str_printf("/dev/%s", name);
	_cleanup_close_ int mount_fd = -EBADF, target_fd = -EBADF;
	int r = mount_clone_tree(AT_FDCWD, source, false, &mount_fd);

	if (r == 0)
		r = beneath_make_file(dev_fd, name, 0666, 0, &target_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot bind '%s'", source);
	return attach(mount_fd, target_fd, source, err);
}

static int mount_in_dev(int dev_fd, const struct mount_request *request, const char *name, struct error *err)
{
	struct piece piece = { .mount_fd = -EBADF, .target_fd = -EBADF };
	int r = new_filesystem(dev_fd, request, name, &piece, err);

	if (r == 0)
		r = attach(piece.mount_fd, piece.target_fd, name, err);
	close_and_forget(&piece.mount_fd);
	close_and_forget(&piece.target_fd);
	return r;
}

/* Mounts may be attached to one that is attached itself: so it is filled where it is. */
static int fill_dev(int dev_fd, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(devices); i++)
		r = bind_device(dev_fd, devices[i], err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
			r = error_errno(err, errno, "cannot make the link '/dev/%s' in the jail", links[i].name);
	if (r == 0)
		r = mount_in_dev(dev_fd, &shm_request, "shm", err);
	return r == 0 ? mount_in_dev(dev_fd, &pts_request, "pts", err) : r;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int gather_pieces(int root_fd, const struct jail_request *request, struct pieces *pieces, struct error *err)
{
	const struct mount_request proc = { .type = "proc", .source = "proc", .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY };
	int r = 0;

	if (request->flags & JAIL_PROC) {
		r = new_filesystem(root_fd, &proc, "/proc", add_piece(pieces, "/proc"), err);
		if (r == -EPERM)
			error_hint(err, "the kernel allows that only where no part of the present /proc is covered, as it is in containers");
	}
	for (size_t i = 0; r == 0 && i < request->bind_count; i++)
		r = add_bind(root_fd, &request->binds[i], pieces, err);
	return r;
}

/* Where things go is made first, then the root may be read-only, then they are attached. */
static int fill_root(int root_fd, const struct jail_request *request, struct error *err)
{
	struct mount_attributes read_only = { .set = MOUNT_ATTR_RDONLY, .recursive = true };
	struct pieces pieces = { .list = NULL };
	struct piece dev = { .mount_fd = -EBADF, .target_fd = -EBADF };
	int r = gather_pieces(root_fd, request, &pieces, err);

	if (r == 0 && (request->flags & JAIL_DEV))
		r = new_filesystem(root_fd, &dev_request, "/dev", &dev, err);
	if (r == 0 && (request->flags & JAIL_READ_ONLY)) {
		r = mount_set_attributes(root_fd, &read_only);
		if (r < 0)
			error_errno(err, -r, "cannot make '%s' read-only", request->directory);
	}
	for (size_t i = 0; r == 0 && i < pieces.count; i++)
		r = attach(pieces.list[i].mount_fd, pieces.list[i].target_fd, pieces.list[i].what, err);
	if (r == 0 && dev.mount_fd >= 0)
		r = attach(dev.mount_fd, dev.target_fd, "/dev", err);
	if (r == 0 && dev.mount_fd >= 0)
		r = fill_dev(dev.mount_fd, err);
	close_pieces(&pieces);
	close_and_forget(&dev.mount_fd);
	close_and_forget(&dev.target_fd);
	return r;
}

/* Of both on ".", the old root is the upper one then: it goes, with all that is mounted there. */
static int pivot(int root_fd, struct error *err)
{
	if (fchdir(root_fd) < 0)
		return error_errno(err, errno, "cannot change to the root of the jail");
	if (sys_pivot_root(".", ".") < 0)
		return error_errno(err, errno, "cannot pivot to the root of the jail");
	narrate("pivot_root(\".\", \".\")");
	if (umount2(".", MNT_DETACH) < 0)
		return error_errno(err, errno, "cannot unmount the old root");
	narrate("umount2(\".\", MNT_DETACH)");
	return chdir("/") < 0 ? error_errno(err, errno, "cannot change to '/'") : 0;
}

int jail_root_pivot(const struct jail_request *request, const struct stat *seen, struct error *err)
{
	_cleanup_close_ int directory_fd = -EBADF, root_fd = -EBADF;
	int r = mount_set_propagation("/", MS_REC | MS_PRIVATE);

	if (r < 0)
		return error_errno(err, -r, "cannot make the mounts private");
	r = open_directory(request, seen, &directory_fd, err);
	if (r == 0)
		r = make_root(directory_fd, request, &root_fd, err);
	if (r == 0)
		r = fill_root(root_fd, request, err);
	return r == 0 ? pivot(root_fd, err) : r;
}

int jail_root_change(const struct jail_request *request, const struct stat *seen, struct error *err)
{
	_cleanup_close_ int directory_fd = -EBADF;
	int r;

	if ((request->flags & (JAIL_READ_ONLY | JAIL_DEV | JAIL_PROC)) || request->bind_count) {
		error_set(err, ERROR_UNSUPPORTED, 0, "cannot mount anything in the jail: there may be no mount namespace here");
		error_hint(err, "that takes CAP_SYS_ADMIN, or user namespaces: `bivy doctor user-namespaces` tells what is in the way");
		return -EPERM;
	}
	r = open_directory(request, seen, &directory_fd, err);
	if (r < 0)
		return r;
	if (fchdir(directory_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return error_errno(err, errno, "cannot change the root to '%s'", request->directory);
	narrate("chroot(\"%s\"), chdir(\"/\")", request->directory);
	return 0;
}
