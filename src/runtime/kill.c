/* SPDX-License-Identifier: Apache-2.0 */
#include "host/syscalls.h"
#include "runtime/container.h"

#include <sched.h>

static int signal_all(struct container *container, int signal_number, struct error *err)
{
	int r = container_open_groups(container, err);

	if (r < 0)
		return r;
	r = cgroup_set_signal_all(&container->groups, signal_number);
	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot signal all processes of container '%s'", container->state->id) : 0;
}

/* Without a pid namespace of its own nothing ends them with it. */
static bool others_outlive_init(const struct container *container)
{
	const struct spec_namespace *pids = spec_namespace_find(container->config, CLONE_NEWPID);

	return !pids || pids->path;
}

static bool has_processes(struct container *container)
{
	struct error ignored = ERROR_INIT;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;

	return container_open_groups(container, &ignored) == 0 && cgroup_set_pids(&container->groups, &pids, &count) == 0 && count > 0;
}

/* A frozen process of v1 dies only when it thaws. */
static void let_die(struct container *container)
{
	struct error ignored = ERROR_INIT;

	if (container_open_groups(container, &ignored) == 0 && cgroup_set_is_frozen(&container->groups) > 0)
		ignore_result(cgroup_set_thaw(&container->groups)); /* v2 needs none of it */
}

int runtime_kill(const struct runtime *runtime, const char *id, int signal_number, unsigned flags, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	enum container_status status;
	bool takes_all;
	int r = container_load(runtime, id, &container, err);

	if (r < 0)
		return r;
	status = container_status(&container);
	if (flags & KILL_ALL)
		return signal_all(&container, signal_number, err);
	takes_all = signal_number == SIGKILL && others_outlive_init(&container);
	if (status == CONTAINER_STOPPED && takes_all && has_processes(&container))
		return signal_all(&container, signal_number, err);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return error_set(err, ERROR_CONFLICT, 0, "cannot signal container '%s': container not running", id);
	if (takes_all)
		r = signal_all(&container, signal_number, err);
	if (r == 0 && sys_pidfd_send_signal(container.pidfd, signal_number) < 0 && errno != ESRCH)
		r = error_errno(err, errno, "cannot signal container '%s'", id);
	if (r == 0 && signal_number == SIGKILL)
		let_die(&container);
	return r;
}
