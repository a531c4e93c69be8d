/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container.h"

static int load(const struct runtime *runtime, const char *id, struct container *container, struct error *err)
{
	int r = container_load(runtime, id, container, err);

	if (r == 0)
		r = container_lock(container, err);
	if (r == 0)
		r = container_open_groups(container, err);
	return r;
}

int runtime_pause(const struct runtime *runtime, const char *id, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	enum container_status status;
	int r = load(runtime, id, &container, err);

	if (r < 0)
		return r;
	status = container_status(&container);
	if (status != CONTAINER_RUNNING && status != CONTAINER_CREATED)
		return error_set(err, ERROR_CONFLICT, 0, "cannot pause container '%s': it is %s, not running", id, container_status_name(status));
	r = cgroup_set_freeze(&container.groups);
	return r < 0 ? error_errno(err, -r, "cannot pause container '%s'", id) : 0;
}

int runtime_resume(const struct runtime *runtime, const char *id, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	enum container_status status;
	int r = load(runtime, id, &container, err);

	if (r < 0)
		return r;
	status = container_status(&container);
	if (status != CONTAINER_PAUSED)
		return error_set(err, ERROR_CONFLICT, 0, "cannot resume container '%s': it is %s, not paused", id, container_status_name(status));
	r = cgroup_set_thaw(&container.groups);
	return r < 0 ? error_errno(err, -r, "cannot resume container '%s'", id) : 0;
}
