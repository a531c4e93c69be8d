/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order: groups are entered by the child (spawn.c), but those of version 1 in a
 * user namespace, which come first here:
 *   1. affinity and invisibility, still outside;
 *   2. other namespaces, then the user namespace, then what could only be
 *      entered from inside of that;
 *   3. a new user namespace if a new time namespace must belong to it;
 *   4. the time namespace with its offsets, which must be written before any
 *      process is in it (time_namespaces(7)) and with the ids that we came
 *      with: who changes them loses the files of its /proc/self (proc(5));
 *   5. root of the user namespace;
 *   6. clone with CLONE_PARENT; tell the parent; end.
 * Should: never run code of the container, never follow its paths.
 */
#include "runtime/joiner.h"
#include "base/str.h"
#include "host/procfs.h"
#include "host/scheduler.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"
#include "runtime/sync.h"

#include <sched.h>
#include <sys/prctl.h>

/* Be the root of the user namespace that was entered: ids from outside do not exist in it. */
static int become_root(struct error *err)
{
	if (sys_setgroups(0, NULL) < 0 && errno != EPERM)
		return error_errno(err, errno, "cannot drop groups in the user namespace");
	if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become root of the user namespace");
	return 0;
}

static int join_one(struct spawn_join *join, bool last_try, struct error *err)
{
	if (join->fd < 0)
		return 0;
	if (setns(join->fd, join->flag) < 0) {
		if (errno == EPERM && !last_try)
			return 0;
		return error_errno(err, errno, "cannot join %s", join->name);
	}
	close_and_forget(&join->fd);
	return 0;
}

/* A namespace that a joined user namespace owns can only be entered from within; one of the host only before. */
static int join_all(struct spawn_request *request, struct error *err)
{
	bool has_user = false;
	int r = 0;

	for (size_t i = 0; i < request->join_count; i++)
		has_user |= request->joins[i].flag == CLONE_NEWUSER;
	for (size_t i = 0; r == 0 && i < request->join_count; i++)
		if (request->joins[i].flag != CLONE_NEWUSER)
			r = join_one(&request->joins[i], !has_user, err);
	for (size_t i = 0; r == 0 && i < request->join_count; i++)
		if (request->joins[i].flag == CLONE_NEWUSER)
			r = join_one(&request->joins[i], true, err);
	for (size_t i = 0; r == 0 && has_user && i < request->join_count; i++)
		r = join_one(&request->joins[i], true, err);
	return r;
}

static int make_user_namespace(struct spawn_request *request, struct error *err)
{
	int r;

	if (unshare(CLONE_NEWUSER) < 0)
		return error_errno(err, errno, "cannot make a user namespace");
	r = sync_ask(request->sync_joiner, SYNC_MAP_IDS, 0);
	if (r < 0)
		return error_errno(err, -r, "cannot have the id mappings written");
	request->new_namespaces &= ~CLONE_NEWUSER;
	request->become_root = true;
	return 0;
}

static void add_offset(struct buf *text, const char *clock, const struct spec_time_offset *offset)
{
	if (offset && offset->given)
		buf_printf(text, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

static int make_time_namespace(const struct spawn_request *request, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int procfs = -EBADF;
	int r;

	if (unshare(CLONE_NEWTIME) < 0)
		return error_errno(err, errno, "cannot make a time namespace");
	add_offset(&text, "monotonic", request->monotonic);
	add_offset(&text, "boottime", request->boottime);
	if (text.length == 0)
		return 0;
	r = procfs_open_host(&procfs);
	if (r == 0)
		r = procfs_write(procfs, "self/timens_offsets", text.data);
	if (r < 0)
		return error_errno(err, -r, "cannot set linux.timeOffsets");
	return 0;
}

/*
 * Groups of version 1 take a process whose id is that of who has opened their
 * files, or of anybody if that was root of the host: an ordinary user's has to
 * enter before it is somebody else. Its child is born there.
 */
static int enter_groups(struct spawn_request *request, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	size_t failed = 0;
	int r;

	if (!request->groups || user_namespace_is_first())
		return 0;
	request->has_entered = true;
	r = cgroup_set_enter(request->groups, &failed);
	if (r == 0)
		return 0;
	path = cgroup_file_path(&request->groups->groups[failed], NULL);
	return error_errno(err, -r, "cannot enter control group '%s'", path);
}

static int enter(struct spawn_request *request, struct error *err)
{
	int r = enter_groups(request, err);

	if (r < 0)
		return r;
	/* 1. */
	if (request->initial_affinity) {
		r = scheduler_set_affinity(request->initial_affinity);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.execCPUAffinity.initial to '%s'", request->initial_affinity);
	}
	if (request->in_order_to_exec && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become invisible to the container");
	/* 2. */
	if (request->target_namespaces && setns(request->target_pidfd, request->target_namespaces) < 0)
		return error_errno(err, errno, "cannot enter the container's namespaces");
	r = join_all(request, err);
	/* 3. */
	if (r == 0 && (request->new_namespaces & CLONE_NEWTIME) && (request->new_namespaces & CLONE_NEWUSER))
		r = make_user_namespace(request, err);
	/* 4. */
	if (r == 0 && (request->new_namespaces & CLONE_NEWTIME))
		r = make_time_namespace(request, err);
	/* 5. */
	if (r == 0 && request->become_root)
		r = become_root(err);
	return r;
}

_noreturn_ void joiner_run(struct spawn_request *request)
{
	struct error err = ERROR_INIT;
	struct spawned child = { .pidfd = -EBADF };
	int r = enter(request, &err);

	/* 6. */
	if (r == 0) {
		r = spawn_clone(request, CLONE_PARENT, &child);
		if (r < 0)
			error_errno(&err, -r, "cannot make the container's process in its namespaces");
	}
	if (r == 0)
		r = sync_send(request->sync_joiner, SYNC_CHILD, child.pid, child.pidfd);
	else
		ignore_result(sync_send_error(request->sync_joiner, &err)); /* nobody else to tell */
	_exit(r < 0 ? 1 : 0);
}
