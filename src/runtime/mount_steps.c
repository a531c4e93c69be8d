/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mount is finished while it is still detached, and then put on a
 * destination that was resolved inside the root and looked at by descriptor.
 * Nobody who shares the image or a volume can get between the two.
 */
#include "runtime/mount_steps.h"

#include "base/narration.h"
#include "host/beneath.h"
#include "host/idmap.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "runtime/copy_up.h"
#include "runtime/mappings.h"
#include "runtime/verbs.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- sources ---------------------------------------------------------------- */

unsigned mount_default_propagation(const struct spec_config *config)
{
	unsigned long propagation = config->linux_.rootfs_propagation;

	if (propagation & MS_SHARED)
		return 0;
	return propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE;
}

/* A user namespace with the mappings of this mount, or else of the container. */
static int open_mappings(const struct rootfs *rootfs, const struct mount_step *step, int *ret_fd, struct error *err)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	const struct spec_linux *config = &rootfs->config->linux_;
	const struct spec_namespace *user = spec_namespace_find(rootfs->config, CLONE_NEWUSER);
	struct idmap map;
	int r;

	if (!step->mount->uid_mapping_count && user && user->path) {
		int fd = openat(AT_FDCWD, user->path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return error_errno(err, errno, "cannot open the user namespace '%s'", user->path);
		*ret_fd = fd;
		return 0;
	}
	map = step->mount->uid_mapping_count ? mappings_of_mount(rootfs->arena, step->mount) : mappings_of_container(rootfs->arena, config);
	r = procfs_open_host(&procfs_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open /proc");
	return idmap_make_namespace(procfs_fd, &map, ret_fd, err);
}

static int map_ids(const struct rootfs *rootfs, const struct mount_step *step, int mount_fd, struct error *err)
{
	_cleanup_close_ int userns_fd = -EBADF;
	int r = open_mappings(rootfs, step, &userns_fd, err);

	if (r < 0)
		return error_wrap(err, "%s: cannot map ids of '%s' on '%s'", step->field, step->source, step->path);
	r = mount_set_attributes(mount_fd, &(struct mount_attributes){
		.set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd, .recursive = step->mount->idmap_recursive });
	if (r == -EINVAL)
		return error_set(err, ERROR_UNSUPPORTED, 0, "%s: cannot map ids of '%s' on '%s': its file system does not support that", step->field,
			step->source, step->path), -EOPNOTSUPP;
	if (r < 0)
		return error_errno(err, -r, "%s: cannot map ids of '%s' on '%s'", step->field, step->source, step->path);
	return 0;
}

/* The attributes that the options give to the mount itself. */
static struct mount_attributes own_attributes(const struct mount_step *step)
{
	unsigned long set = step->mount->set_flags;
	struct mount_attributes attributes;

	if (step->late_readonly)
		set &= ~(unsigned long)MS_RDONLY;
	attributes = (struct mount_attributes){
		.set = mount_attributes_of_flags(set),
		.clear = mount_attributes_of_flags(step->mount->clear_flags),
	};
	/* relatime is the value 0 of a field: to set it is to clear the others. */
	if ((set & MS_RELATIME) || (step->mount->clear_flags & (MS_NOATIME | MS_STRICTATIME)))
		attributes.clear |= MOUNT_ATTR__ATIME;
	return attributes;
}

/* Recursive attributes, and propagation in the order that the options have. */
static int set_recursive(const struct mount_step *step, int mount_fd)
{
	const struct spec_mount *mount = step->mount;
	int r = mount_set_attributes(mount_fd, &(struct mount_attributes){
		.set = mount->recursive_set, .clear = mount->recursive_clear, .recursive = true });

	for (size_t i = 0; r == 0 && i < mount->propagation_count; i++)
		r = mount_set_attributes(mount_fd, &(struct mount_attributes){
			.propagation = (unsigned)(mount->propagation[i] & ~(unsigned long)MS_REC),
			.recursive = mount->propagation[i] & MS_REC });
	return r;
}

/*
 * First as if it had been bound from the mounts of a namespace whose root has
 * the container's propagation, which are slaves of the host's (so that nothing
 * of the container reaches the host unasked), then what the options say.
 */
static int set_bind_attributes(const struct rootfs *rootfs, const struct mount_step *step, int mount_fd)
{
	const struct spec_mount *mount = step->mount;
	bool replaced = mount->propagation_count && (mount->propagation[0] & MS_REC) && (mount->propagation[0] & MS_PRIVATE);
	unsigned propagation = mount_default_propagation(rootfs->config);
	struct mount_attributes own = own_attributes(step);
	int r = 0;

	/* Mounts cross into a less privileged user namespace only as slaves (mount_namespaces(7)). */
	if (rootfs->flags & ROOTFS_NEW_USER_NAMESPACE)
		propagation = MS_SLAVE;
	if (propagation && !replaced)
		r = mount_set_attributes(mount_fd, &(struct mount_attributes){ .propagation = propagation, .recursive = true });
	if (r == 0)
		r = mount_set_attributes(mount_fd, &own);
	return r == 0 ? set_recursive(step, mount_fd) : r;
}

static int check_bound_device(const struct mount_step *step, int mount_fd, struct error *err)
{
	const struct spec_device *device = step->device;
	struct stat st;

	if (fstat(mount_fd, &st) < 0)
		return error_errno(err, errno, "cannot look at the device '%s'", step->source);
	if ((S_ISCHR(st.st_mode) ? 'c' : S_ISBLK(st.st_mode) ? 'b' : '?') != device->type || major(st.st_rdev) != device->major ||
	    minor(st.st_rdev) != device->minor)
		return error_set(err, ERROR_INVALID, 0, "%s: cannot bind '%s': on the host it is not the device %c %lld:%lld",
			step->field ? step->field : "devices", step->source, device->type, (long long)device->major, (long long)device->minor), -ENODEV;
	return 0;
}

const char *mount_step_source_in_root(const struct rootfs *rootfs, const struct mount_step *step)
{
	size_t length = strlen(rootfs->path);

	/* The mappings of an idmapped one are made from outside: it shows what is below the root before the first mount. */
	if (step->kind != MOUNT_STEP_BIND || step->mount->idmap || strncmp(step->source, rootfs->path, length) != 0 || step->source[length] != '/')
		return NULL;
	return strstr(step->source, "/../") ? NULL : step->source + length;
}

/* -EBADF if nobody gave one. */
static int find_given(const struct rootfs *rootfs, const struct mount_step *step)
{
	for (size_t i = 0; step->kind == MOUNT_STEP_BIND && i < rootfs->given_mount_count; i++)
		if (str_equal(rootfs->given_mounts[i].destination, step->path))
			return rootfs->given_mounts[i].fd;
	return -EBADF;
}

static int clone_source(const struct rootfs *rootfs, const struct mount_step *step, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int given_fd = find_given(rootfs, step);
	bool recursive = step->mount && (step->mount->set_flags & MS_REC);
	const char *inside = mount_step_source_in_root(rootfs, step);
	int r;

	if (given_fd >= 0) {
		*ret_fd = fcntl(given_fd, F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0 ? -errno : 0;
	}
	if (!inside)
		return mount_clone_tree(AT_FDCWD, step->source, recursive, ret_fd);
	r = beneath_open(rootfs->root_fd, inside, O_PATH, 0, &fd);
	return r < 0 ? r : mount_clone_tree(fd, "", recursive, ret_fd);
}

int mount_step_open_source(const struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const char *field = step->field ? step->field : "devices";
	int r = clone_source(rootfs, step, &fd);

	if (r < 0)
		return error_errno(err, -r, "%s: cannot open '%s' to bind it on '%s'", field, step->source, step->path), r;
	if (step->kind == MOUNT_STEP_DEVICE) {
		r = check_bound_device(step, fd, err);
	} else {
		r = step->mount->idmap ? map_ids(rootfs, step, fd, err) : 0;
		if (r < 0)
			return r;
		r = set_bind_attributes(rootfs, step, fd);
		if (r < 0) {
			error_errno(err, -r, "%s: cannot set the options of '%s' on '%s'", field, step->source, step->path);
			if (r == -EPERM)
				error_hint(err, "flags of a mount that come from a more privileged user namespace cannot be taken back");
		}
	}
	if (r == 0)
		step->mount_fd = TAKE_FD(fd);
	return r;
}

/* ---- destinations ------------------------------------------------------------- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the file of procfs ST may be replaced: by identity, since its name may have been reached through links. */
static bool is_replaceable(const struct rootfs *rootfs, const struct stat *st)
{
	for (size_t i = 0; mount_plan_replaceable[i]; i++) {
		_cleanup_close_ int fd = -EBADF;
		struct stat theirs;

		if (beneath_open(rootfs->root_fd, mount_plan_replaceable[i], O_PATH, BENEATH_NO_SYMLINKS, &fd) == 0 &&
		    fstat(fd, &theirs) == 0 && is_same_file(st, &theirs))
			return true;
	}
	return false;
}

static bool brings_procfs(const struct mount_step *step)
{
	if (step->kind == MOUNT_STEP_FILESYSTEM)
		return str_equal(step->mount->type, "proc");
	return step->kind == MOUNT_STEP_BIND && step->mount_fd >= 0 && procfs_is_root(step->mount_fd);
}

/* The rules of mount_plan.c's check_proc(), for what the kernel found. */
static int check_destination(const struct rootfs *rootfs, const struct mount_step *step, int fd, struct error *err)
{
	struct stat st, root, proc;
	const char *field = step->field ? step->field : "devices";

	if (fstat(fd, &st) < 0 || fstat(rootfs->root_fd, &root) < 0)
		return error_errno(err, errno, "%s: cannot look at '%s'", field, step->path);
	if (is_same_file(&st, &root))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount on '%s': it is the root itself", field, step->path);
	if (brings_procfs(step))
		return 0;
	if (fstatat(rootfs->root_fd, "proc", &proc, AT_SYMLINK_NOFOLLOW) == 0 && is_same_file(&st, &proc))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount '%s' on '%s': only procfs may be on /proc", field,
			step->source ? step->source : step->mount->type, step->path);
	if (procfs_is_procfs(fd) && !is_replaceable(rootfs, &st))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount on '%s': it is inside of /proc", field, step->path);
	return 0;
}

/* Places that programs take for granted: a link of the image there would put the kernel's files where others write. */
static unsigned destination_flags(const struct mount_step *step)
{
	static const char *const plain[] = { "/proc", "/sys", "/dev" };

	if (step->mount && (str_equal(step->mount->type, "proc") || str_equal(step->mount->type, "sysfs")))
		return BENEATH_NO_SYMLINKS;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (strcmp(step->clean, plain[i]) == 0)
			return BENEATH_NO_SYMLINKS;
	return 0;
}

int mount_step_open_destination(const struct rootfs *rootfs, const struct mount_step *step, enum destination_kind kind, int *ret_fd, bool *ret_made, struct error *err)
{
	const char *field = step->field ? step->field : "devices";
	unsigned flags = destination_flags(step);
	_cleanup_close_ int fd = -EBADF;
	bool made = false;
	int r = beneath_open(rootfs->root_fd, step->path, kind == DESTINATION_DIRECTORY ? O_PATH | O_DIRECTORY : O_PATH, flags, &fd);

	if (r == -ENOENT) {
		made = true;
		if (kind == DESTINATION_DIRECTORY)
			r = beneath_make_directory(rootfs->root_fd, step->path, 0755, flags | BENEATH_MISSING, &fd);
		else
			r = beneath_make_file(rootfs->root_fd, step->path, 0644, flags | BENEATH_MISSING, &fd);
		if (r < 0)
			return error_errno(err, -r, "%s: cannot make the mount point '%s'", field, step->path);
	}
	if (r == -ELOOP && (flags & BENEATH_NO_SYMLINKS))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount on '%s': it must be a directory, not a symbolic link", field, step->path), -ELOOP;
	if (r < 0)
		return error_errno(err, -r, "%s: cannot mount on '%s'", field, step->path);
	r = check_destination(rootfs, step, fd, err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	if (ret_made)
		*ret_made = made;
	return 0;
}

/* ---- file systems ---------------------------------------------------------------- */

static bool has_option(const struct spec_mount *mount, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; mount->options[i]; i++)
		if (strncmp(mount->options[i], name, length) == 0 && mount->options[i][length] == '=')
			return true;
	return false;
}

/* The options with what the destination and the configuration add; in ARENA. */
static const char *file_system_data(const struct rootfs *rootfs, const struct mount_step *step, int destination_fd, bool made)
{
	const struct spec_mount *mount = step->mount;
	const char *data = mount->data ? mount->data : "";
	const char *label = rootfs->config->linux_.mount_label;
	struct stat st;

	if (strcmp(mount->type, "tmpfs") == 0 && !made && !has_option(mount, "mode") && fstat(destination_fd, &st) == 0)
		data = arena_printf(rootfs->arena, "mode=%04o%s%s", st.st_mode & 07777, *data ? "," : "", data);
	/* procfs and sysfs have labels of their own. */
	if (label && strcmp(mount->type, "proc") != 0 && strcmp(mount->type, "sysfs") != 0)
		data = arena_printf(rootfs->arena, "%s%scontext=\"%s\"", data, *data ? "," : "", label);
	return data;
}

static int fill_tmpfs(const struct mount_step *step, int destination_fd, int fd, bool made, struct error *err)
{
	const struct spec_mount *mount = step->mount;
	unsigned flags = 0;
	int r;

	/* Of the directory that is covered, except for what is said otherwise; one that we made says nothing. */
	if (!made)
		flags = (has_option(mount, "uid") ? 0 : COPY_UP_UID) | (has_option(mount, "gid") ? 0 : COPY_UP_GID) |
			(has_option(mount, "mode") ? 0 : COPY_UP_MODE);
	r = copy_up(destination_fd, fd, flags, err);
	return r < 0 ? error_wrap(err, "%s: cannot copy '%s' into its tmpfs", step->field, step->path) : 0;
}

/*
 * The mount that came to lie on /proc: its masks are attached in it, not below
 * a name that somebody may give to another directory meanwhile. The procfs that
 * we mounted there serves our own writes too: before it was attached nobody
 * else had it.
 */
static void keep_proc(struct rootfs *rootfs, const struct mount_step *step, int fd)
{
	if (!str_equal(step->clean, "/proc"))
		return;
	close_and_forget(&rootfs->proc_fd);
	rootfs->proc_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	/* "subset=pid" leaves out what we write to. */
	if (str_equal(step->mount->type, "proc") && step->kind == MOUNT_STEP_FILESYSTEM && rootfs->procfs_fd < 0 &&
	    !(step->mount->data && strstr(step->mount->data, "subset=")))
		rootfs->procfs_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int run_file_system(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	_cleanup_close_ int destination_fd = -EBADF, fd = -EBADF;
	const struct spec_mount *mount = step->mount;
	bool made = false;
	int r = mount_step_open_destination(rootfs, step, DESTINATION_DIRECTORY, &destination_fd, &made, err);
	struct mount_request request = {
		.type = mount->type,
		.source = mount->source ? mount->source : mount->type,
		.flags = step->late_readonly || mount->tmpcopyup ? mount->set_flags & ~(unsigned long)MS_RDONLY : mount->set_flags,
	};

	if (r < 0)
		return r;
	request.data = file_system_data(rootfs, step, destination_fd, made);
	r = mount_new_filesystem(&request, &fd, err);
	if (r < 0)
		return error_wrap(err, "%s: cannot mount '%s' on '%s'", step->field, mount->type, step->path);
	if (mount->tmpcopyup)
		r = fill_tmpfs(step, destination_fd, fd, made, err);
	if (r < 0)
		return r;
	r = set_recursive(step, fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot set the options of '%s' on '%s'", step->field, mount->type, step->path);
	r = mount_attach(fd, destination_fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot mount '%s' on '%s'", step->field, mount->type, step->path);
	narrate("move_mount(\"%s\")", step->path);
	keep_proc(rootfs, step, fd);
	if (step->late_readonly)
		step->mount_fd = TAKE_FD(fd);
	return 0;
}

/* ---- binds and remounts -------------------------------------------------------------- */

static int run_bind(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	_cleanup_close_ int destination_fd = -EBADF;
	struct stat st;
	int r;

	if (step->mount_fd < 0) {
		r = mount_step_open_source(rootfs, step, err);
		if (r < 0)
			return r;
	}
	if (fstat(step->mount_fd, &st) < 0)
		return error_errno(err, errno, "%s: cannot look at '%s'", step->field, step->source);
	r = mount_step_open_destination(rootfs, step, S_ISDIR(st.st_mode) ? DESTINATION_DIRECTORY : DESTINATION_FILE, &destination_fd, NULL, err);
	if (r < 0)
		return r;
	r = mount_attach(step->mount_fd, destination_fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot bind '%s' on '%s'", step->field, step->source, step->path);
	narrate("move_mount(\"%s\"): '%s'", step->path, step->source);
	keep_proc(rootfs, step, step->mount_fd);
	if (!step->late_readonly)
		close_and_forget(&step->mount_fd);
	return 0;
}

static int run_remount(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const struct spec_mount *mount = step->mount;
	int r = beneath_open(rootfs->root_fd, step->path, O_PATH, destination_flags(step), &fd);

	if (r < 0)
		return error_errno(err, -r, "%s: cannot remount '%s'", step->field, step->path);
	r = mount_remount(fd, &(struct mount_request){ .type = mount->type, .flags = mount->set_flags, .data = mount->data },
		mount->clear_flags, err);
	if (r < 0)
		return error_wrap(err, "%s: cannot remount '%s'", step->field, step->path);
	r = set_recursive(step, fd);
	if (r < 0)
		return error_errno(err, -r, "%s: cannot remount '%s'", step->field, step->path);
	return 0;
}

int mount_step_run(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	switch (step->kind) {
	case MOUNT_STEP_BIND:
		return run_bind(rootfs, step, err);
	case MOUNT_STEP_REMOUNT:
		return run_remount(rootfs, step, err);
	default:
		return run_file_system(rootfs, step, err);
	}
}
