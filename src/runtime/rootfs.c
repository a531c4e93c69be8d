/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rootfs.h"

#include "base/narration.h"
#include "host/mount.h"
#include "host/mountinfo.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "runtime/cgroup_view.h"
#include "runtime/dev.h"
#include "runtime/masked.h"
#include "runtime/mount_plan.h"
#include "runtime/mount_steps.h"
#include "runtime/sysctl.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- plan --------------------------------------------------------------------- */

int rootfs_init(struct rootfs *rootfs, struct error *err)
{
	int r;

	rootfs->root_fd = rootfs->procfs_fd = rootfs->proc_fd = rootfs->dev_fd = rootfs->null_fd = -EBADF;
	rootfs->arena = arena_new();
	r = mount_plan_make(rootfs->arena, rootfs->config, rootfs->bundle, rootfs->flags, &rootfs->plan, err);
	if (r < 0)
		rootfs_done(rootfs);
	return r;
}

void rootfs_done(struct rootfs *rootfs)
{
	mount_plan_done(rootfs->plan);
	close_and_forget(&rootfs->root_fd);
	close_and_forget(&rootfs->procfs_fd);
	close_and_forget(&rootfs->proc_fd);
	close_and_forget(&rootfs->dev_fd);
	close_and_forget(&rootfs->null_fd);
	arena_free(rootfs->arena);
	rootfs->arena = NULL;
	rootfs->plan = NULL;
}

void rootfs_explain(const struct rootfs *rootfs, struct buf *out)
{
	buf_printf(out, "root '%s'%s%s:\n", rootfs->path, rootfs->config->root_readonly ? ", read-only" : "",
		rootfs->flags & ROOTFS_NO_MOUNT_NAMESPACE ? ", in the host's mount namespace by chroot" : "");
	mount_plan_print(rootfs->plan, out);
}

/* ---- sources -------------------------------------------------------------------- */

/*
 * The root as a detached tree. What is below it receives from the host and
 * never sends; the root itself must not be shared while it is pivoted to
 * (pivot_root(2)), so "shared" becomes true at the very end.
 */
static int clone_root(const struct rootfs *rootfs, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	unsigned propagation = mount_default_propagation(rootfs->config);
	int r;

	/* A detached mount cannot be cloned before Linux 6.15: this one serves a single start. */
	if (rootfs->given_fd >= 0) {
		fd = fcntl(rootfs->given_fd, F_DUPFD_CLOEXEC, 3);
		r = fd < 0 ? -errno : 0;
	} else {
		r = mount_clone_tree(AT_FDCWD, rootfs->path, true, &fd);
	}
	if (rootfs->flags & ROOTFS_NEW_USER_NAMESPACE)
		propagation = MS_SLAVE;
	if (r == 0)
		r = mount_set_attributes(fd, &(struct mount_attributes){
			.propagation = propagation ? propagation : MS_PRIVATE, .recursive = propagation != 0 });
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static bool has_no_right(int r)
{
	return r == -EPERM || r == -EACCES;
}

int rootfs_open_sources(struct rootfs *rootfs, struct error *err)
{
	int r;

	if (rootfs->config->linux_.mount_label && access("/sys/fs/selinux/enforce", F_OK) < 0)
		return error_set(err, ERROR_UNSUPPORTED, 0, "linux.mountLabel: SELinux is not enabled on this host");
	/* What a joined namespace shows is only seen from inside. */
	if (rootfs->flags & (ROOTFS_JOINED_MOUNT_NAMESPACE | ROOTFS_NO_MOUNT_NAMESPACE))
		return 0;
	r = clone_root(rootfs, &rootfs->root_fd);
	if (has_no_right(r))
		return 0;
	if (r < 0)
		return error_errno(err, -r, "root.path: cannot use '%s'", rootfs->path);
	for (size_t i = 0; i < rootfs->plan->set_up_count; i++) {
		struct mount_step *step = &rootfs->plan->steps[i];

		if (step->kind != MOUNT_STEP_BIND && !(step->kind == MOUNT_STEP_DEVICE && step->bound_device))
			continue;
		if (mount_step_source_in_root(rootfs, step))
			continue;
		r = mount_step_open_source(rootfs, step, err);
		if (r < 0 && !has_no_right(r))
			return r;
	}
	return 0;
}

/* ---- set-up ------------------------------------------------------------------------ */

/*
 * In a namespace of our own: the root becomes a mount at its own path, where
 * hooks look for it. A mount that was handed to us goes on top of "/", the one
 * directory that every user may reach: paths still start from what is below.
 */
static int attach_root(struct rootfs *rootfs, struct error *err)
{
	_cleanup_close_ int target_fd = -EBADF;
	int r = 0;

	/* Members of a joined namespace keep their mounts: pivot_root(2) would move their root too. */
	if ((rootfs->flags & ROOTFS_JOINED_MOUNT_NAMESPACE) && unshare(CLONE_NEWNS) < 0)
		return error_errno(err, errno, "cannot make a copy of the mount namespace");
	/* Nothing that happens here may reach the host. */
	r = mount_set_propagation("/", MS_REC | (mount_default_propagation(rootfs->config) == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE));
	if (r < 0)
		return error_errno(err, -r, "cannot set the propagation of '/'");
	if (rootfs->root_fd < 0)
		r = clone_root(rootfs, &rootfs->root_fd);
	if (r < 0)
		return error_errno(err, -r, "root.path: cannot use '%s'", rootfs->path);
	target_fd = openat(AT_FDCWD, rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = target_fd < 0 ? -errno : mount_attach(rootfs->root_fd, target_fd);
	return r < 0 ? error_errno(err, -r, "root.path: cannot mount '%s'", rootfs->path) : 0;
}

static int open_plain_root(struct rootfs *rootfs, struct error *err)
{
	rootfs->root_fd = openat(AT_FDCWD, rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfs->root_fd < 0)
		return error_errno(err, errno, "root.path: cannot use '%s'", rootfs->path);
	return 0;
}

/* What has no call of its own worth telling. */
static void narrate_step(const struct mount_step *step)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!narration_is_on())
		return;
	mount_step_print(step, &text);
	narrate("%s", str_trim_end(text.data));
}

static int run_step(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	int r;

	switch (step->kind) {
	case MOUNT_STEP_FILESYSTEM:
	case MOUNT_STEP_BIND:
	case MOUNT_STEP_REMOUNT:
		return mount_step_run(rootfs, step, err);
	case MOUNT_STEP_CGROUP:
		r = cgroup_view_run(rootfs, step, err);
		break;
	default:
		r = dev_run(rootfs, step, err);
	}
	if (r == 0)
		narrate_step(step);
	return r;
}

/*
 * Masks of files show a null device. The container's own will do where we made
 * it; else the host's is kept, for which now is the last chance.
 */
static void keep_null(struct rootfs *rootfs)
{
	_cleanup_close_ int fd = -EBADF;
	struct rootfs host = *rootfs;

	if (rootfs->plan->own_dev || !*rootfs->config->linux_.masked_paths)
		return;
	if (mount_clone_tree(AT_FDCWD, "/dev/null", false, &fd) < 0)
		return;
	host.null_fd = fd;
	if (dev_open_null(&host, &rootfs->null_fd) < 0)
		rootfs->null_fd = -EBADF;
}

int rootfs_set_up(struct rootfs *rootfs, struct error *err)
{
	/* Modes are as the configuration says, not as the caller's umask. */
	mode_t mask = umask(0);
	int r = rootfs->flags & ROOTFS_NO_MOUNT_NAMESPACE ? open_plain_root(rootfs, err) : attach_root(rootfs, err);

	for (size_t i = 0; r == 0 && i < rootfs->plan->set_up_count; i++)
		r = run_step(rootfs, &rootfs->plan->steps[i], err);
	if (r == 0)
		keep_null(rootfs);
	umask(mask);
	return r < 0 ? r : 0;
}

int rootfs_attach_console(struct rootfs *rootfs, int slave_fd, struct error *err)
{
	/* A shared mount table gets no mount of ours. */
	return rootfs->flags & ROOTFS_NO_MOUNT_NAMESPACE ? 0 : dev_attach_console(rootfs, slave_fd, err);
}

/* ---- pivot ----------------------------------------------------------------------------- */

static int pivot(const struct rootfs *rootfs, struct error *err)
{
	if (fchdir(rootfs->root_fd) < 0)
		return error_errno(err, errno, "cannot enter the root '%s'", rootfs->path);
	/* The old root ends up on top of the new one, and "." on top of that: no directory is needed (pivot_root(2), NOTES). */
	if (sys_pivot_root(".", ".") < 0) {
		error_errno(err, errno, "cannot make '%s' the root", rootfs->path);
		if (err && err->code == EINVAL)
			error_hint(err, "on an initial ramdisk use --no-pivot");
		return -EINVAL;
	}
	if (umount2(".", MNT_DETACH) < 0)
		return error_errno(err, errno, "cannot detach the host's root");
	narrate("fchdir(the root), pivot_root(\".\", \".\"), umount2(\".\", MNT_DETACH)");
	return 0;
}

/* Whether PATH is BASE or below it. */
static bool is_below(const char *path, const char *base)
{
	size_t length = strlen(base);

	return strncmp(path, base, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* procfs and sysfs of the host are full of ways out; where they may not be unmounted, they are covered. */
static int hide_mount(const char *path)
{
	if (umount2(path, MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return -errno;
	return mount("tmpfs", path, "tmpfs", MS_RDONLY, NULL) < 0 ? -errno : 0;
}

static int hide_host_mounts(const struct rootfs *rootfs, struct error *err)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	int r = procfs_open_root(&procfs_fd);

	if (r == 0)
		r = mountinfo_load(procfs_fd, &table);
	if (r < 0)
		return error_errno(err, -r, "cannot read the mount table");
	for (size_t i = table.count; i-- > 0;) {
		const struct mountinfo_entry *entry = &table.entries[i];

		if ((strcmp(entry->type, "proc") != 0 && strcmp(entry->type, "sysfs") != 0) || is_below(entry->mount_point, rootfs->path))
			continue;
		r = hide_mount(entry->mount_point);
		if (r < 0)
			return error_errno(err, -r, "cannot hide the host's '%s'", entry->mount_point);
	}
	return 0;
}

/* --no-pivot: the host's root stays below in the mount table, so its kernel file systems go first. */
static int move_over_root(const struct rootfs *rootfs, struct error *err)
{
	int r = hide_host_mounts(rootfs, err);

	if (r < 0)
		return r;
	if (fchdir(rootfs->root_fd) < 0)
		return error_errno(err, errno, "cannot enter the root '%s'", rootfs->path);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return error_errno(err, errno, "cannot move '%s' onto '/'", rootfs->path);
	if (chroot(".") < 0)
		return error_errno(err, errno, "cannot make '%s' the root", rootfs->path);
	return 0;
}

int rootfs_pivot(struct rootfs *rootfs, struct error *err)
{
	int r = 0;

	if (rootfs->flags & ROOTFS_NO_MOUNT_NAMESPACE) {
		if (fchdir(rootfs->root_fd) < 0 || chroot(".") < 0)
			return error_errno(err, errno, "cannot make '%s' the root", rootfs->path);
	} else {
		r = rootfs->flags & ROOTFS_NO_PIVOT ? move_over_root(rootfs, err) : pivot(rootfs, err);
	}
	if (r == 0 && chdir("/") < 0)
		r = error_errno(err, errno, "cannot enter the root");
	return r;
}

/* ---- after pivot --------------------------------------------------------------------------- */

int rootfs_get_procfs(struct rootfs *rootfs, int *ret_fd, struct error *err)
{
	if (rootfs->procfs_fd < 0) {
		int r = procfs_open_root(&rootfs->procfs_fd);

		if (r < 0)
			return error_errno(err, -r, "cannot open a procfs of the container");
	}
	*ret_fd = rootfs->procfs_fd;
	return 0;
}

static int write_sysctl(struct rootfs *rootfs, const struct mount_step *step, struct error *err)
{
	int fd = -EBADF;
	int r = rootfs_get_procfs(rootfs, &fd, err);

	return r < 0 ? r : sysctl_write(fd, step->sysctl, err);
}

static int make_readonly(int mount_fd, const struct mount_step *step, struct error *err)
{
	int r = mount_set_attributes(mount_fd, &(struct mount_attributes){ .set = MOUNT_ATTR_RDONLY });

	return r < 0 ? error_errno(err, -r, "%s: cannot make '%s' read-only", step->field, step->path) : 0;
}

static int set_root_propagation(const struct rootfs *rootfs, const struct mount_step *step, struct error *err)
{
	unsigned propagation = (unsigned)(rootfs->config->linux_.rootfs_propagation & (MS_SHARED | MS_UNBINDABLE));
	int r = mount_set_attributes(rootfs->root_fd, &(struct mount_attributes){ .propagation = propagation, .recursive = step->recursive });

	return r < 0 ? error_errno(err, -r, "%s: cannot set the propagation of '/'", step->field) : 0;
}

static int run_late_step(struct rootfs *rootfs, struct masked *masked, struct mount_step *step, struct error *err)
{
	switch (step->kind) {
	case MOUNT_STEP_LATE_READONLY:
		return make_readonly(step->earlier->mount_fd, step, err);
	case MOUNT_STEP_SYSCTL:
		return write_sysctl(rootfs, step, err);
	case MOUNT_STEP_READONLY_PATH:
		return masked_run_readonly(rootfs, masked, step, err);
	case MOUNT_STEP_MASKED_PATH:
		return masked_run(rootfs, masked, step, err);
	case MOUNT_STEP_READONLY_ROOT:
		return make_readonly(rootfs->root_fd, step, err);
	default:
		return set_root_propagation(rootfs, step, err);
	}
}

int rootfs_finish(struct rootfs *rootfs, struct error *err)
{
	struct masked masked = MASKED_INIT;
	int r = rootfs->plan->has_proc ? masked_check_proc(rootfs, err) : 0;

	masked.proc_checked = rootfs->plan->has_proc;
	for (size_t i = rootfs->plan->set_up_count; r == 0 && i < rootfs->plan->count; i++)
		if ((r = run_late_step(rootfs, &masked, &rootfs->plan->steps[i], err)) == 0)
			narrate_step(&rootfs->plan->steps[i]);
	masked_done(&masked);
	return r;
}
