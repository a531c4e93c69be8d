/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to the same mount. The first gives the kernel descriptors
 * (fsconfig(2) with "lowerdir+", since 6.13; of mapped directories, which are
 * mounts that are attached nowhere, since 6.15). Where the kernel refuses that,
 * a child in a mount namespace of its own attaches what is mapped, because
 * overlay then took layers only from the caller's namespace, and names its
 * descriptors in the one page of options that mount(2) takes: 500 of them fit,
 * paths would not.
 */
#include "host/overlay.h"
#include "base/narration.h"

#include "base/memory.h"
#include "base/str.h"
#include "host/caps.h"
#include "host/fdpass.h"
#include "host/mount.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"
#include "host/xattr.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define UPPER "upper"
#define WORK "work"
#define OVERLAY_MAGIC 0x794c7630

/* mount(2) takes a page of options, its end included; a page has this much at least. */
#define OPTIONS_SIZE 4096

/*
 * What other kernels may have as their default and layers are not made for:
 * directories that are renamed in place, files without their data, and an
 * index, which wants an upper directory for itself alone.
 */
static const char *const settings[][2] = { { "redirect_dir", "nofollow" }, { "metacopy", "off" }, { "index", "off" } };

/* ---- what the mount needs -------------------------------------------------------- */

/* Of user namespaces only the first may read and write trusted.*, xattr(7). */
static bool has_user_marks(const struct overlay *overlay)
{
	return overlay->has_user_marks || !user_namespace_is_first();
}

/* NULL: nobody is to look like another. */
static const struct idmap *mapping_of(const struct overlay *overlay)
{
	return overlay->idmap && !idmap_is_identity(overlay->idmap) ? overlay->idmap : NULL;
}

/* ---- the directories ------------------------------------------------------------- */

/* All directories of a mount, open; mapped, if they are to be. */
struct layers {
	int *lowers;
	size_t lower_count;
	int writable, upper, work; /* -EBADF: none */
	struct mapping {
		int fd;     /* a mapped mount of a directory that others lie in; -EBADF: each of them is a mount of its own */
		char *path; /* of that directory */
	} mapping;
};

#define LAYERS_NONE ((struct layers){ .writable = -EBADF, .upper = -EBADF, .work = -EBADF, .mapping = { .fd = -EBADF } })

static void layers_done(struct layers *layers)
{
	for (size_t i = 0; i < layers->lower_count; i++)
		close(layers->lowers[i]);
	free(layers->lowers);
	close_and_forget(&layers->writable);
	close_and_forget(&layers->upper);
	close_and_forget(&layers->work);
	close_and_forget(&layers->mapping.fd);
	free(layers->mapping.path);
}

static int map_error(int code, const char *path, struct error *err)
{
	int r = error_errno(err, code, "cannot map the owners of the files in '%s'", path);

	if (code == EPERM)
		error_hint(err, "only root of the host may map owners; elsewhere layers are unpacked with the owners they are to have");
	else if (code == EINVAL)
		error_hint(err, "its file system does not know mapped mounts; ext4, xfs and btrfs do, tmpfs since Linux 6.3");
	return r;
}

/* The directory that all of them lie in; "" if they have none in common but the topmost. */
static char *find_common_directory(const struct overlay *overlay)
{
	const char *first = overlay->writable ? overlay->writable : overlay->lowers[0];
	char *common = str_dup(first);

	for (size_t i = 0; i < overlay->lower_count; i++) {
		const char *path = overlay->lowers[i];
		size_t same = 0;

		while (common[same] && common[same] == path[same])
			same++;
		common[same] = '\0';
	}
	if (strrchr(common, '/'))
		*strrchr(common, '/') = '\0';
	return common;
}

/*
 * A mount that is attached nowhere costs who closes it a grace period of RCU, and a mapping is one more call. So one mount is mapped,
 * of a directory above all of them, and they are opened through it. Without, each is one of its own.
 */
static void open_mapping(const struct overlay *overlay, int userns_fd, struct mapping *mapping)
{
	_cleanup_free_ char *path = find_common_directory(overlay);
	_cleanup_close_ int fd = -EBADF;

	if (path[0] != '/' || mount_clone_tree(AT_FDCWD, path, false, &fd) < 0 ||
	    mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd }) < 0)
		return;
	*mapping = (struct mapping){ TAKE_FD(fd), TAKE_PTR(path) };
}

/*
 * False: not to be had there. What is mounted below the directory is not in the clone, and what that hides is: so both ways must lead
 * to the same directory, and none of the mapped one's links may lead out.
 */
static bool open_through(const struct mapping *mapping, const char *path, int *ret_fd)
{
	const struct sys_open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	_cleanup_close_ int fd = mapping->fd < 0 ? -EBADF : sys_openat2(mapping->fd, path + strlen(mapping->path) + 1, &how);
	struct stat mapped, plain;

	if (fd < 0 || fstat(fd, &mapped) < 0 || stat(path, &plain) < 0 || mapped.st_dev != plain.st_dev || mapped.st_ino != plain.st_ino)
		return false;
	*ret_fd = TAKE_FD(fd);
	return true;
}

/* Opens the directory; if it is to be mapped through MAPPING, or as a mount of its own. */
static int open_layer(const char *path, int userns_fd, const struct mapping *mapping, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (userns_fd < 0) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	} else {
		if (open_through(mapping, path, ret_fd))
			return 0;
		r = mount_clone_tree(AT_FDCWD, path, false, &fd);
		if (r == 0 && (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)))
			r = -ENOTDIR;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot open the directory '%s' for a mount", path);
	if (userns_fd >= 0) {
		r = mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd });
		if (r < 0)
			return map_error(-r, path, err);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A directory in what open_layer() opened: on the same mount, as overlay demands. */
static int open_part(const struct overlay *overlay, const char *name, int writable_fd, int *ret_fd, struct error *err)
{
	int fd = openat(writable_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot open the directory '%s/%s' for a mount", overlay->writable, name);
	*ret_fd = fd;
	return 0;
}

/* MAY_SHARE: one mount may serve several of them. */
static int open_layers(const struct overlay *overlay, int userns_fd, bool may_share, struct layers *layers, struct error *err)
{
	int r = 0;

	*layers = LAYERS_NONE;
	layers->lowers = memory_new(overlay->lower_count + 1, sizeof *layers->lowers);
	if (may_share && userns_fd >= 0 && overlay->lower_count + (overlay->writable != NULL) > 1)
		open_mapping(overlay, userns_fd, &layers->mapping);
	for (size_t i = 0; r >= 0 && i < overlay->lower_count; i++) {
		r = open_layer(overlay->lowers[i], userns_fd, &layers->mapping, &layers->lowers[i], err);
		layers->lower_count += r >= 0;
	}
	if (r >= 0 && overlay->writable) {
		r = open_layer(overlay->writable, userns_fd, &layers->mapping, &layers->writable, err);
		if (r >= 0)
			r = open_part(overlay, UPPER, layers->writable, &layers->upper, err);
		if (r >= 0)
			r = open_part(overlay, WORK, layers->writable, &layers->work, err);
	}
	/* Overlay does not do without a lower directory: one that is empty and on no disk. */
	if (r >= 0 && !layers->lower_count) {
		r = mount_new_filesystem(&(struct mount_request){ .type = "tmpfs", .source = "empty", .data = "mode=755,size=4k" },
			&layers->lowers[0], err);
		layers->lower_count = r >= 0;
	}
	return r < 0 ? r : 0;
}

/* ---- errors --------------------------------------------------------------------------- */

static bool is_on_overlay(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == OVERLAY_MAGIC;
}

/* Why the kernel, whose word is EINVAL for most of it, would not. */
static int mount_error(const struct overlay *overlay, int code, struct error *err)
{
	int r = overlay->writable && code == ENOSPC ? error_errno(err, code, "cannot mount an overlay that writes to '%s'", overlay->writable)
						    : error_errno(err, code, "cannot mount an overlay of %zu directories", overlay->lower_count);

	if (code == ENODEV)
		error_hint(err, "this kernel has no overlay file system: `modprobe overlay`, as root, may bring it");
	else if (code == EPERM)
		error_hint(err, "it takes root, or a user namespace of the caller's with its own mount namespace");
	else if (code == EINVAL && overlay->lower_count && is_on_overlay(overlay->lowers[0]))
		error_hint(err, "'%.150s' is itself in an overlay mount on another one, which is as deep as the kernel goes", overlay->lowers[0]);
	else if (code == EINVAL)
		error_hint(err, "the kernel's reason is in `dmesg`");
	return r;
}

static int check(const struct overlay *overlay, struct error *err)
{
	int r;

	if (overlay->lower_count > OVERLAY_LOWER_LIMIT) {
		r = error_set(err, ERROR_UNSUPPORTED, 0, "cannot mount %zu layers: overlay takes %d", overlay->lower_count, OVERLAY_LOWER_LIMIT);
		error_hint(err, "an image of fewer layers can be made by export and import");
		return r;
	}
	if (!overlay->writable || !is_on_overlay(overlay->writable))
		return 0;
	r = error_set(err, ERROR_UNSUPPORTED, 0, "cannot write in '%s': it lies in an overlay mount, and overlay cannot write to another",
		overlay->writable);
	error_hint(err, "keep it on a file system of its own (--root DIR): in a container, on a volume");
	return r;
}

/* ---- whose mount it is ---------------------------------------------------------------------- */

static uint32_t outside_of_root(const struct idmap_range *ranges, size_t count, uint32_t otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].inside == 0)
			return ranges[i].outside;
	return otherwise;
}

static void set_file_ids(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
}

/*
 * Runs CREATE with the ids that root of the mapping has outside, and all
 * capabilities of the caller's. What overlay makes in its work directory later
 * is made as who made the mount, and only who is in the mapping can own a file
 * there: else the mount would be read-only.
 */
static int as_root_of_mapping(const struct overlay *overlay, int (*create)(void *context), void *context)
{
	const struct idmap *map = mapping_of(overlay);
	uint64_t effective, permitted, inheritable;
	int r;

	if (!map || !overlay->writable)
		return create(context);
	r = caps_get(&effective, &permitted, &inheritable);
	if (r < 0)
		return r;
	set_file_ids(outside_of_root(map->uids, map->uid_count, geteuid()), outside_of_root(map->gids, map->gid_count, getegid()));
	/* Another id than 0 has lost those that are about files. */
	r = caps_set(effective, permitted, inheritable);
	if (r == 0)
		r = create(context);
	set_file_ids(geteuid(), getegid());
	return r;
}

/* ---- by descriptors --------------------------------------------------------------------- */

static int set_directories(int fs_fd, const struct layers *layers)
{
	for (size_t i = 0; i < layers->lower_count; i++)
		if (sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FD, "lowerdir+", NULL, layers->lowers[i]) < 0)
			return -errno;
	if (layers->upper < 0)
		return 0;
	if (sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FD, "upperdir", NULL, layers->upper) < 0 ||
	    sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FD, "workdir", NULL, layers->work) < 0)
		return -errno;
	return 0;
}

static int set_options(int fs_fd, const struct overlay *overlay)
{
	if (sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
		return -errno;
	if (overlay->is_volatile && sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		return -errno;
	if (has_user_marks(overlay))
		return sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, settings[i][0], settings[i][1], 0) < 0)
			return -errno;
	return 0;
}

static int create_by_descriptors(void *context)
{
	return sys_fsconfig(*(int *)context, SYS_FSCONFIG_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

static void narrate_mount(const struct overlay *overlay)
{
	narrate("fsopen(\"overlay\"), fsconfig(%zu of lowerdir+%s%s), fsmount(%s): the root, detached", overlay->lower_count,
		overlay->writable ? ", upperdir, workdir" : "", overlay->is_volatile ? ", volatile" : "", overlay->writable ? "0" : "MOUNT_ATTR_RDONLY");
}

static int mount_by_descriptors(const struct overlay *overlay, const struct layers *layers, int *ret_fd)
{
	_cleanup_close_ int fs_fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	int fd, r = fs_fd < 0 ? -errno : set_directories(fs_fd, layers);

	if (r == 0)
		r = set_options(fs_fd, overlay);
	if (r == 0)
		r = as_root_of_mapping(overlay, create_by_descriptors, &fs_fd);
	if (r < 0)
		return r;
	fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, overlay->writable ? 0 : MOUNT_ATTR_RDONLY);
	if (fd < 0)
		return -errno;
	narrate_mount(overlay);
	*ret_fd = fd;
	return 0;
}

/* ---- by a child, whose result is its exit status: 0 or an errno ------------------------------- */

static int attach(int mount_fd)
{
	return sys_move_mount(mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* COMPAT(6.14): a layer must be in the caller's mount namespace. One on top of the other, as they are used by descriptor. */
static int attach_layers(const struct layers *layers, bool is_mapped)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < layers->lower_count; i++)
		r = attach(layers->lowers[i]);
	return r == 0 && is_mapped && layers->writable >= 0 ? attach(layers->writable) : r;
}

/* The names of descriptors in /proc/self/fd, where the child is. */
static void add_options(const struct overlay *overlay, const struct layers *layers, struct buf *options)
{
	for (size_t i = 0; i < layers->lower_count; i++)
		buf_printf(options, "%s%d", i ? ":" : "lowerdir=", layers->lowers[i]);
	if (layers->upper >= 0)
		buf_printf(options, ",upperdir=%d,workdir=%d", layers->upper, layers->work);
	if (overlay->is_volatile)
		buf_add_text(options, ",volatile");
	if (has_user_marks(overlay))
		buf_add_text(options, ",userxattr");
	for (size_t i = 0; i < ARRAY_SIZE(settings) && !has_user_marks(overlay); i++)
		buf_printf(options, ",%s=%s", settings[i][0], settings[i][1]);
}

struct named_mount {
	unsigned long flags;
	const char *options;
};

/* mount(2) takes a place. "/" is always there, and the walk to "/.." ends on top of what is mounted on it. */
static int create_by_names(void *context)
{
	const struct named_mount *named = context;

	return mount("overlay", "/", "overlay", named->flags, named->options) < 0 ? -errno : 0;
}

static int mount_by_names(const struct overlay *overlay, const struct layers *layers, int *ret_fd)
{
	_cleanup_buf_ struct buf options = BUF_INIT;
	struct named_mount named;
	int fd, r;

	add_options(overlay, layers, &options);
	if (options.length >= OPTIONS_SIZE)
		return -E2BIG;
	named = (struct named_mount){ overlay->writable ? 0 : MS_RDONLY, options.data };
	r = chdir("/proc/self/fd") < 0 ? -errno : as_root_of_mapping(overlay, create_by_names, &named);
	if (r < 0)
		return r;
	fd = sys_open_tree(AT_FDCWD, "/..", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int work_as_child(const struct overlay *overlay, int userns_fd, int socket_fd)
{
	struct layers layers;
	int fd = -EBADF, r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	/* The parent's are of its own namespace. */
	r = open_layers(overlay, userns_fd, false, &layers, NULL);
	if (r == 0 && (userns_fd >= 0 || !overlay->lower_count))
		r = attach_layers(&layers, userns_fd >= 0);
	if (r == 0)
		r = mount_by_names(overlay, &layers, &fd);
	return r == 0 ? fdpass_send(socket_fd, fd, "", 1) : r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int mount_by_child(const struct overlay *overlay, int userns_fd, int *ret_fd)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pair[2], fd = -EBADF, received, r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-work_as_child(overlay, userns_fd, theirs));
	close_and_forget(&theirs);
	received = fdpass_receive(ours, &fd);
	r = wait_for(pid);
	if (r < 0 || received < 0) {
		cleanup_close(&fd);
		return r < 0 ? r : received;
	}
	*ret_fd = fd;
	return 0;
}

/* ---- both ways ------------------------------------------------------------------------------------ */

/* Overlay wants two directories; of one alone, to be read, its own mount does. */
static int mount_single(struct layers *layers, const char *path, bool is_mapped, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = 0;

	if (is_mapped || !path)
		fd = TAKE_FD(layers->lowers[0]);
	else
		r = mount_clone_tree(layers->lowers[0], "", false, &fd);
	if (r == 0)
		r = mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_RDONLY });
	if (r < 0)
		return error_errno(err, -r, "cannot mount '%s'", path ? path : "nothing");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* What kernels that do not know the first way answer; what is really wrong they say in the second way, too. */
static bool may_be_too_old(int code)
{
	return code == EINVAL || code == EBADF || code == EOPNOTSUPP;
}

static bool is_full(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && !(fs.f_flag & ST_RDONLY) && ((fs.f_blocks && fs.f_bavail == 0) || (fs.f_files && fs.f_favail == 0));
}

/* Where overlay cannot write to its work directory, it says so to the kernel's log alone. */
static int check_writable(const struct overlay *overlay, int mount_fd, struct error *err)
{
	struct statvfs fs;

	if (fstatvfs(mount_fd, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
		return 0;
	if (is_full(overlay->writable))
		return error_errno(err, ENOSPC, "cannot mount an overlay that writes to '%s'", overlay->writable);
	error_set(err, ERROR_UNSUPPORTED, EROFS, "cannot mount an overlay that writes to '%s'", overlay->writable);
	error_hint(err, "the kernel's reason is in `dmesg`");
	return -EROFS;
}

/*
 * Overlay refuses a work directory that a volatile mount had, as a crash could
 * have left holes in what was written; who mounts such a thing again says that
 * it does not matter, or that there was none.
 */
static void forget_volatile(const struct overlay *overlay)
{
	static const char *const marks[] = { "volatile/dirty", "volatile", "" };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		_cleanup_free_ char *path = str_printf("%s/" WORK "/work/incompat/%s", overlay->writable, marks[i]);

		if (remove(path) < 0)
			return;
	}
}

int overlay_mount(int procfs_fd, const struct overlay *overlay, int *ret_fd, int *ret_mapping_fd, struct error *err)
{
	_cleanup_(layers_done) struct layers layers = LAYERS_NONE;
	_cleanup_close_ int userns_fd = -EBADF, fd = -EBADF;
	int r = check(overlay, err);

	if (r >= 0 && overlay->writable)
		forget_volatile(overlay);
	if (r >= 0 && mapping_of(overlay))
		r = idmap_make_namespace(procfs_fd, mapping_of(overlay), &userns_fd, err);
	if (r >= 0)
		r = open_layers(overlay, userns_fd, true, &layers, err);
	if (r < 0)
		return r;
	if (!overlay->writable && layers.lower_count == 1)
		return mount_single(&layers, overlay->lower_count ? overlay->lowers[0] : NULL, mapping_of(overlay), ret_fd, err);
	r = mount_by_descriptors(overlay, &layers, &fd);
	if (r < 0 && may_be_too_old(-r)) {
		/* As many descriptors again would be open at once. */
		layers_done(&layers);
		layers = LAYERS_NONE;
		r = mount_by_child(overlay, userns_fd, &fd);
	}
	if (r < 0)
		return mount_error(overlay, -r, err);
	r = overlay->writable ? check_writable(overlay, fd, err) : 0;
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	if (ret_mapping_fd)
		*ret_mapping_fd = TAKE_FD(layers.mapping.fd);
	return 0;
}

/* ---- what is written -------------------------------------------------------------------------------- */

static int make_directory(int directory_fd, const char *name, int *ret_fd)
{
	int fd;

	if (mkdirat(directory_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* Without them overlay could not hide a directory, and would say so when it is too late. */
static int check_attributes(const struct overlay *overlay, int work_fd, struct error *err)
{
	const char *name = has_user_marks(overlay) ? "user.overlay.test" : "trusted.overlay.test";
	int r;

	if (fsetxattr(work_fd, name, "y", 1, 0) == 0) {
		ignore_result(fremovexattr(work_fd, name)); /* the directory is overlay's own */
		return 0;
	}
	r = error_errno(err, errno, "cannot set an extended attribute in '%s/" WORK "', which overlay needs", overlay->writable);
	if (r == -EOPNOTSUPP)
		error_hint(err, "keep it on a file system that has them (--root DIR): ext4, xfs, btrfs; tmpfs%s",
			has_user_marks(overlay) ? " since Linux 6.6" : "");
	return r;
}

static int remove_attribute(int fd, const char *name)
{
	return fremovexattr(fd, name) == 0 || errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
}

static int look_as(int lower_fd, int upper_fd)
{
	struct stat st;
	int r;

	if (fstat(lower_fd, &st) < 0 || fchown(upper_fd, st.st_uid, st.st_gid) < 0 || fchmod(upper_fd, st.st_mode & 07777) < 0)
		return -errno;
	r = xattr_copy(lower_fd, upper_fd, 0);
	/* What that layer hides is below it; this directory hides nothing. */
	if (r == 0)
		r = remove_attribute(upper_fd, "trusted.overlay.opaque");
	if (r == 0)
		r = remove_attribute(upper_fd, "user.overlay.opaque");
	if (r < 0)
		return r;
	return futimens(upper_fd, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : 0;
}

/* Under another name until it looks as it shall. */
static int make_upper(const struct overlay *overlay, int directory_fd, struct error *err)
{
	_cleanup_close_ int lower_fd = -EBADF, upper_fd = -EBADF;
	int r;

	if (faccessat(directory_fd, UPPER, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = make_directory(directory_fd, UPPER ".new", &upper_fd);
	if (r == 0 && overlay->lower_count) {
		r = open_layer(overlay->lowers[0], -EBADF, NULL, &lower_fd, err);
		if (r < 0)
			return r;
		r = look_as(lower_fd, upper_fd);
	} else if (r == 0) {
		r = fchmod(upper_fd, 0755) < 0 ? -errno : 0;
	}
	if (r == 0 && renameat(directory_fd, UPPER ".new", directory_fd, UPPER) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot make '%s/" UPPER "'", overlay->writable) : 0;
}

int overlay_make_writable(const struct overlay *overlay, struct error *err)
{
	_cleanup_close_ int directory_fd = -EBADF, work_fd = -EBADF;
	int r = check(overlay, err);

	if (r >= 0)
		r = open_layer(overlay->writable, -EBADF, NULL, &directory_fd, err);
	if (r < 0)
		return r;
	r = make_directory(directory_fd, WORK, &work_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot make '%s/" WORK "'", overlay->writable);
	r = check_attributes(overlay, work_fd, err);
	return r < 0 ? r : make_upper(overlay, directory_fd, err);
}
