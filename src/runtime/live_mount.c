/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that runs, added and taken away.
 *
 * What is to be seen is opened with our rights, as for a new container; a child
 * carries it into the container's mount namespace. That child is nobody's whom
 * the container could see: it stays in our pid namespace and cannot be dumped.
 * It executes nothing, and finds the destination by descriptor (mount_steps.c).
 */
#include "host/beneath.h"
#include "host/mount.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/mount_steps.h"
#include "runtime/verbs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FIELD "mount"

struct visit {
	struct container *container;
	struct rootfs rootfs;
	struct mount_step step;
	const char *path; /* in the container */
	/* In the container's mount namespace, whose root is .rootfs.root_fd. */
	int (*work)(struct visit *visit, struct error *err);
	bool enters_user_namespace;
};

static int load_running(const struct runtime *runtime, const char *id, const char *what, struct container *container, struct error *err)
{
	int r = container_load(runtime, id, container, err);
	enum container_status status;

	if (r < 0)
		return r;
	status = container_status(container);
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED && status != CONTAINER_CREATED)
		return error_set(err, ERROR_CONFLICT, 0, "cannot %s: the container is %s", what, container_status_name(status));
	if (!spec_namespace_find(container->config, CLONE_NEWNS))
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot %s: the container has no mounts of its own", what);
	return 0;
}

static bool has_user_namespace(const struct container *container)
{
	return spec_namespace_find(container->config, CLONE_NEWUSER) != NULL;
}

/* ---- the child ------------------------------------------------------------------------- */

/* Files that are made for it are its root's. */
static int become_its_root(struct error *err)
{
	/* There may be none to set (user_namespaces(7), /proc/PID/setgroups). */
	ignore_result(sys_setgroups(0, NULL));
	if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become root of the container");
	return 0;
}

static int enter(const struct visit *visit, struct error *err)
{
	int namespaces = CLONE_NEWNS | (visit->enters_user_namespace ? CLONE_NEWUSER : 0);

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become invisible to the container");
	if (setns(visit->container->pidfd, namespaces) < 0)
		return error_errno(err, errno, "cannot enter the container's namespaces");
	umask(022);
	return visit->enters_user_namespace ? become_its_root(err) : 0;
}

static int work_inside(struct visit *visit, struct error *err)
{
	int r = enter(visit, err);

	if (r < 0)
		return r;
	visit->rootfs.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return visit->rootfs.root_fd < 0 ? error_errno(err, errno, "cannot open the container's root") : visit->work(visit, err);
}

_noreturn_ static void be_child(struct visit *visit, int fd)
{
	struct error err = ERROR_INIT;
	ssize_t n;

	if (work_inside(visit, &err) == 0)
		err.kind = ERROR_NONE;
	do
		n = write(fd, &err, sizeof err); /* what fits into a pipe is written whole */
	while (n < 0 && errno == EINTR);
	_exit(n == (ssize_t)sizeof err ? 0 : 1);
}

/* The container cannot write to the pipe: the message is the child's or nobody's. */
static int receive(int fd, struct error *err)
{
	struct error told;
	ssize_t n;

	do
		n = read(fd, &told, sizeof told);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof told)
		return error_set(err, ERROR_INTERNAL, 0, "the process in the container ended without a word");
	if (told.kind == ERROR_NONE)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

static int visit_container(struct visit *visit, struct error *err)
{
	_cleanup_close_ int read_fd = -EBADF;
	pid_t pid;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	read_fd = fds[0];
	pid = fork();
	if (pid == 0)
		be_child(visit, fds[1]);
	close(fds[1]);
	if (pid < 0)
		return error_errno(err, errno, "cannot start a process");
	r = receive(read_fd, err);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int refuse_covering(const struct visit *visit, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;

	if (beneath_open(visit->rootfs.root_fd, visit->path, O_PATH, 0, &fd) < 0 || !mount_is_root_at(fd, ""))
		return 0;
	return error_set(err, ERROR_CONFLICT, 0, "something is mounted on '%s' already", visit->path);
}

static int add_inside(struct visit *visit, struct error *err)
{
	int r = refuse_covering(visit, err);

	return r < 0 ? r : mount_step_run(&visit->rootfs, &visit->step, err);
}

static enum mount_step_kind kind_of(const struct spec_mount *mount)
{
	return mount->set_flags & MS_BIND ? MOUNT_STEP_BIND : MOUNT_STEP_FILESYSTEM;
}

int runtime_mount(const struct runtime *runtime, const char *id, const struct spec_mount *mount, int source_fd, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	const struct create_mount given = { mount->destination, source_fd };
	struct visit visit = { .container = &container, .path = mount->destination, .work = add_inside };
	int r = load_running(runtime, id, "mount", &container, err);

	if (r < 0)
		return r;
	visit.enters_user_namespace = has_user_namespace(&container);
	visit.rootfs = (struct rootfs){ .config = container.config, .path = "/", .bundle = "/", .given_mounts = &given, .given_mount_count = source_fd >= 0,
		.flags = visit.enters_user_namespace ? ROOTFS_NEW_USER_NAMESPACE : 0, .arena = container.arena, .given_fd = -EBADF, .root_fd = -EBADF,
		.procfs_fd = -EBADF, .proc_fd = -EBADF, .dev_fd = -EBADF, .null_fd = -EBADF };
	visit.step = (struct mount_step){ .kind = kind_of(mount), .field = FIELD, .path = mount->destination, .clean = mount->destination,
		.source = mount->source, .mount = mount, .mount_fd = -EBADF };
	if (visit.step.kind == MOUNT_STEP_BIND)
		r = mount_step_open_source(&visit.rootfs, &visit.step, err);
	if (r == 0)
		r = visit_container(&visit, err);
	close_and_forget(&visit.step.mount_fd);
	return r;
}

/* ---- taking away --------------------------------------------------------------------------- */

/* By "." or by its name in its directory, which no link is. */
static int detach(const struct visit *visit, int fd)
{
	_cleanup_close_ int parent_fd = -EBADF;
	const char *slash = strrchr(visit->path, '/');
	_cleanup_free_ char *parent = str_printf("%.*s", (int)(slash - visit->path), visit->path);
	struct stat status;
	int r;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return fchdir(fd) < 0 || umount2(".", MNT_DETACH) < 0 ? -errno : 0;
	r = beneath_open(visit->rootfs.root_fd, parent, O_PATH | O_DIRECTORY, 0, &parent_fd);
	if (r < 0)
		return r;
	return fchdir(parent_fd) < 0 || umount2(slash + 1, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

static int remove_inside(struct visit *visit, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(visit->rootfs.root_fd, visit->path, O_PATH, 0, &fd);

	if (r == 0 && !mount_is_root_at(fd, ""))
		r = -ENOENT;
	if (r == -ENOENT || r == -ENOTDIR)
		return error_set(err, ERROR_NOT_FOUND, 0, "nothing is mounted on '%s'", visit->path);
	if (r == 0)
		r = detach(visit, fd);
	return r < 0 ? error_errno(err, -r, "cannot unmount '%s'", visit->path) : 0;
}

/* With our own rights: what came from outside is locked for the container's root (mount_namespaces(7)). */
int runtime_unmount(const struct runtime *runtime, const char *id, const char *destination, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	struct visit visit = { .container = &container, .path = destination, .work = remove_inside };
	int r = load_running(runtime, id, "unmount", &container, err);

	if (r < 0)
		return r;
	if (destination[0] != '/' || !destination[1])
		return error_set(err, ERROR_INVALID, 0, "cannot unmount '%s': expected an absolute path, and not the root", destination);
	return visit_container(&visit, err);
}
