/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/spawn.h"
#include "base/log.h"
#include "base/narration.h"
#include "host/prefault.h"
#include "host/procfs.h"
#include "host/scheduler.h"
#include "host/syscalls.h"
#include "runtime/joiner.h"
#include "runtime/sync.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/*
 * CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and so would the exec.
 * Mostly none is: that is asked first, while the procfs is still the host's.
 */
static void heed_all_signals(void)
{
	uint64_t ignored = procfs_ignored_signals();

	for (int number = 1; number < NSIG; number++)
		if (ignored & (1ULL << (number - 1)))
			signal(number, SIG_DFL);
}

static const char *clone_words(uint64_t bits, char *ret, size_t size)
{
	static const struct narration_flag flags[] = {
		{ CLONE_NEWUSER, "CLONE_NEWUSER" }, { CLONE_NEWNS, "CLONE_NEWNS" }, { CLONE_NEWPID, "CLONE_NEWPID" }, { CLONE_NEWNET, "CLONE_NEWNET" },
		{ CLONE_NEWIPC, "CLONE_NEWIPC" }, { CLONE_NEWUTS, "CLONE_NEWUTS" }, { CLONE_NEWCGROUP, "CLONE_NEWCGROUP" },
		{ CLONE_PIDFD, "CLONE_PIDFD" }, { CLONE_PARENT, "CLONE_PARENT" }, { CLONE_CLEAR_SIGHAND, "CLONE_CLEAR_SIGHAND" },
		{ CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP" },
	};

	return narration_flags(bits, flags, ARRAY_SIZE(flags), ret, size);
}

static int unshare_cgroup(void)
{
	int r = unshare(CLONE_NEWCGROUP);

	if (r == 0)
		narrate("unshare(CLONE_NEWCGROUP)");
	return r;
}

/* Steps of the child, the same for one that was cloned here and for one that a joiner cloned. */
static _noreturn_ void run_child(struct spawn_request *request)
{
	struct error err = ERROR_INIT;
	size_t failed = 0;
	int r;

	/* 1. The groups; what limits and counts us comes before anything that the container says. */
	if (request->groups && !request->has_entered) {
		r = cgroup_set_enter(request->groups, &failed);
		if (r < 0) {
			_cleanup_free_ char *path = cgroup_file_path(&request->groups->groups[failed], NULL);

			error_errno(&err, -r, "cannot enter control group '%s'", path);
			ignore_result(sync_send_error(request->sync_child, &err)); /* nobody else to tell */
			_exit(1);
		}
	}
	/*
	 * Pinning of whoever started the runtime is not the container's, whose processors are its cpuset's. An affinity that was
	 * asked for stays. Not being allowed to is no reason to fail: other runtimes ignore it too.
	 */
	if (!request->initial_affinity)
		ignore_result(scheduler_reset_affinity());
	/* 2. A cgroup namespace shows our group as its root: so after entering. */
	if ((request->new_namespaces & CLONE_NEWCGROUP) && unshare_cgroup() < 0) {
		error_errno(&err, errno, "cannot make a cgroup namespace");
		ignore_result(sync_send_error(request->sync_child, &err)); /* nobody else to tell */
		_exit(1);
	}
	request->child(request->context, request->sync_child);
}

int spawn_clone(struct spawn_request *request, uint64_t extra_flags, struct spawned *ret)
{
	int pidfd = -EBADF;
	int group = request->groups ? cgroup_set_v2_fd(request->groups) : -1;
	struct sys_clone_args args = {
		.flags = (uint64_t)(unsigned)(request->new_namespaces & ~(CLONE_NEWCGROUP | CLONE_NEWTIME)) | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | extra_flags,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	/* CLONE_PARENT takes the parent's exit signal; asking for one is refused (clone(2)). */
	if (extra_flags & CLONE_PARENT)
		args.exit_signal = 0;
	/* A joiner is in the v2 group already, and may have no right to it any more. */
	else if (group >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group;
	}
	pid = sys_clone3(&args);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prefault_code_and_stack();
		if (!(extra_flags & CLONE_PARENT)) { /* else the joiner did, while it still saw the host's procfs */
			heed_all_signals();
			close(request->sync_parent); /* or its end would go unnoticed */
		}
		run_child(request);
	}
	if (narration_is_on()) {
		char flags[256];

		narrate("clone3(%s) = %d", clone_words(args.flags, flags, sizeof flags), (int)pid);
	}
	ret->pid = pid;
	ret->pidfd = pidfd;
	return 0;
}

static int write_maps(const struct spawn_request *request, pid_t pid, struct error *err)
{
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_host(&procfs);

	if (r < 0)
		return error_errno(err, -r, "cannot open '/proc' to write id mappings");
	return idmap_write(procfs, pid, request->ids, err);
}

/* Of a new user namespace, unless a joiner has made that before (joiner.c, 3). */
static int map_child(const struct spawn_request *request, struct spawned *child, struct error *err)
{
	int r = 0;

	if ((request->new_namespaces & CLONE_NEWUSER) && !(request->new_namespaces & CLONE_NEWTIME))
		r = write_maps(request, child->pid, err);
	if (r < 0)
		spawned_kill(child);
	return r;
}

/* CLONE_INTO_CGROUP: whether the cgroup2 group takes no process (cgroups(7), "no internal processes" and "threaded"). */
static bool group_refuses(const struct spawn_request *request, int code)
{
	return (code == EOPNOTSUPP || code == EBUSY) && request->groups && cgroup_set_v2_fd(request->groups) >= 0;
}

static int group_refused(const struct spawn_request *request, int code, struct error *err)
{
	_cleanup_free_ char *path = cgroup_file_path(cgroup_set_v2(request->groups), NULL);

	error_errno(err, code, "cannot make the container's process in cgroup '%s'", path);
	error_hint(err, "a group that hands controllers down, or that is below a threaded one, takes no process: see cgroup.subtree_control and cgroup.type");
	return -code;
}

static int clone_failed(const struct spawn_request *request, int code, struct error *err)
{
	if (group_refuses(request, code))
		return group_refused(request, code, err);
	error_errno(err, code, "cannot make the container's process in its namespaces");
	if (code == EPERM && (request->new_namespaces & CLONE_NEWUSER))
		error_hint(err, "user namespaces may be forbidden here: see sysctl kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns");
	else if (code == EPERM)
		error_hint(err, "without a user namespace this takes root");
	else if (code == ENOSPC)
		error_hint(err, "a limit in /proc/sys/user/max_*_namespaces is reached");
	return -code;
}

static int spawn_directly(struct spawn_request *request, struct spawned *ret, struct error *err)
{
	int r = spawn_clone(request, 0, ret);

	if (r < 0)
		return clone_failed(request, -r, err);
	close_and_forget(&request->sync_child);
	return map_child(request, ret, err);
}

/* Serves the joiner until it has told of its child or failed. */
static int serve_joiner(struct spawn_request *request, int sync, pid_t joiner, struct spawned *ret, struct error *err)
{
	for (;;) {
		struct sync_message message;
		int fd = -EBADF;
		int r = sync_receive(sync, &message, &fd);

		if (r < 0)
			return error_set(err, ERROR_INTERNAL, 0, "the process that enters the namespaces ended unexpectedly");
		switch (message.type) {
		case SYNC_MAP_IDS:
			r = write_maps(request, joiner, err);
			if (r == 0 && sync_send(sync, SYNC_GO, 0, -1) < 0)
				r = error_set(err, ERROR_INTERNAL, 0, "the process that enters the namespaces ended unexpectedly");
			if (r < 0)
				return r;
			break;
		case SYNC_CHILD:
			if (fd < 0)
				return error_set(err, ERROR_INTERNAL, 0, "the process that enters the namespaces told of no child");
			ret->pid = message.value;
			ret->pidfd = fd;
			return map_child(request, ret, err);
		case SYNC_ERROR:
			*err = message.error;
			return message.error.code ? -message.error.code : -EINVAL;
		default:
			close_and_forget(&fd);
			return error_set(err, ERROR_INTERNAL, 0, "unexpected message %u from the process that enters the namespaces", message.type);
		}
	}
}

/* Clones the joiner into the v2 group, or into the one below it where the container's init went. */
static pid_t clone_joiner(struct spawn_request *request, int *ret_pidfd)
{
	struct sys_clone_args args = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND, .pidfd = (uintptr_t)ret_pidfd, .exit_signal = SIGCHLD };
	int group = request->groups ? cgroup_set_v2_fd(request->groups) : -1;
	pid_t pid;

	if (group >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group;
	}
	pid = sys_clone3(&args);
	if (pid < 0 && errno == EBUSY && request->follow_pid > 0 && cgroup_set_follow(request->groups, request->follow_pid) == 0) {
		args.cgroup = (uint64_t)cgroup_set_v2_fd(request->groups);
		pid = sys_clone3(&args);
	}
	return pid;
}

static int spawn_through_joiner(struct spawn_request *request, struct spawned *ret, struct error *err)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int pidfd = -EBADF, ends[2], r = sync_pair(ends);
	pid_t joiner;

	if (r < 0)
		return error_errno(err, -r, "cannot make a socket pair");
	ours = ends[0], theirs = ends[1];
	request->sync_joiner = theirs;
	joiner = clone_joiner(request, &pidfd);
	if (joiner < 0 && group_refuses(request, errno))
		return group_refused(request, errno, err);
	if (joiner < 0)
		return error_errno(err, errno, "cannot make a process in the container's control group");
	if (joiner == 0) {
		heed_all_signals();
		close(request->sync_parent);
		close(ours);
		joiner_run(request);
	}
	close_and_forget(&request->sync_child);
	close_and_forget(&theirs);
	r = serve_joiner(request, ours, joiner, ret, err);
	if (r < 0)
		ignore_result(sys_pidfd_send_signal(pidfd, SIGKILL)); /* ended already: just as well */
	close(pidfd);
	while (waitpid(joiner, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int spawn(struct spawn_request *request, struct spawned *ret, struct error *err)
{
	struct error local = ERROR_INIT;
	int r;

	if (!err)
		err = &local;
	*ret = (struct spawned){ .pidfd = -EBADF };
	if (request->join_count || request->target_namespaces || (request->new_namespaces & CLONE_NEWTIME) || request->initial_affinity)
		r = spawn_through_joiner(request, ret, err);
	else
		r = spawn_directly(request, ret, err);
	close_and_forget(&request->sync_child);
	return r;
}

void spawned_kill(struct spawned *child)
{
	if (child->pidfd < 0)
		return;
	ignore_result(sys_pidfd_send_signal(child->pidfd, SIGKILL)); /* ended already: just as well */
	while (waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, &(siginfo_t){ 0 }, WEXITED) < 0 && errno == EINTR)
		;
	close_and_forget(&child->pidfd);
}
