/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a container: its processes, then the groups, then poststop hooks,
 * then the record: killed anywhere, the record still names what is left.
 */
#include "base/log.h"
#include "host/pidfd.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/hooks.h"
#include "runtime/intel_rdt.h"

static int end_processes(struct container *container, struct error *err)
{
	const char *id = container->state->id;
	int r;

	if (container->pidfd >= 0)
		ignore_result(sys_pidfd_send_signal(container->pidfd, SIGKILL)); /* ended already: just as well */
	r = container_open_groups(container, err);
	if (r < 0)
		return r;
	/* Those that joined, or had no pid namespace that ended them with init. */
	r = cgroup_set_signal_all(&container->groups, SIGKILL);
	if (r < 0 && r != -ENOENT)
		log_debug("delete: cannot signal all of '%s': %s", id, error_words(-r));
	if (container->pidfd >= 0) {
		r = pidfd_wait_gone(container->pidfd, CONTAINER_GONE_TIMEOUT_MS);
		if (r < 0)
			return error_errno(err, -r, "cannot end the first process of container '%s'", id);
	}
	return 0;
}

static int delete_container(struct container *container, struct error *err)
{
	struct spec_oci_state state;
	int r = end_processes(container, err);

	if (r == 0)
		r = container_remove_groups(&container->groups, err);
	if (r == 0)
		r = intel_rdt_remove_recorded(container->state, container->config->linux_.intel_rdt, err);
	if (r < 0)
		return r;
	container_describe(container, CONTAINER_STOPPED, &state);
	hooks_run_all(container->config, HOOK_POSTSTOP, &state);
	return container_remove_record(container->runtime, container->state->id, err);
}

int runtime_delete(const struct runtime *runtime, const char *id, unsigned flags, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	bool force = flags & DELETE_FORCE;
	enum container_status status;
	struct error local = ERROR_INIT;
	int r;

	if (!err)
		err = &local;
	r = container_load(runtime, id, &container, err);
	if (r == 0)
		r = container_lock(&container, err);
	/* A record that cannot be read names nothing that could be ended; one that is not there is what was asked for. */
	if (r < 0 && force && container_check_id(id, NULL) == 0) {
		if (err->kind != ERROR_NOT_FOUND)
			log_warning("%s, removing the record", err->message);
		return container_remove_record(runtime, id, err);
	}
	if (r < 0)
		return r;
	status = container_status(&container);
	if (!force && status != CONTAINER_STOPPED && status != CONTAINER_CREATED) {
		error_set(err, ERROR_CONFLICT, 0, "cannot delete container '%s' that is not stopped: %s", id, container_status_name(status));
		error_hint(err, "`delete --force` kills it first");
		return -EINVAL;
	}
	return delete_container(&container, err);
}
