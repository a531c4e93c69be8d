/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verb `update`: other limits for a live container, all or none.
 *
 *   1. The record's config.json with the changes in it is made in memory and
 *      decoded: what it refuses is refused before the kernel is touched.
 *   2. The plan of the changes is made, and what its files hold now is read.
 *   3. The plan is carried out. When a step fails, what was read is written
 *      back, last first.
 *   4. config.json is replaced.
 *
 * A crash between 3 and 4 leaves limits that the record does not tell; the next
 * update starts from the record, and delete needs neither.
 */
#include "base/file.h"
#include "host/cgroup.h"
#include "runtime/container.h"
#include "runtime/resource_backup.h"
#include "runtime/resources.h"
#include "runtime/verbs.h"
#include "spec/config_update.h"

#include <fcntl.h>

/* The request, without device rules that are the record's already: others may have let devices in since. */
static struct spec_resources drop_same_devices(const struct spec_resources *wanted, const struct spec_resources *old)
{
	struct spec_resources result = *wanted;
	bool is_same = wanted->device_count == old->device_count;

	for (size_t i = 0; is_same && i < wanted->device_count; i++) {
		const struct spec_device_rule *a = &wanted->devices[i], *b = &old->devices[i];

		is_same = a->allow == b->allow && a->type == b->type && a->major == b->major && a->minor == b->minor && (a->access ? a->access : 7) == (b->access ? b->access : 7);
	}
	if (is_same)
		result.device_count = 0;
	return result;
}

struct change {
	struct container *container;
	struct spec_resources wanted;
	struct spec_config *before, *after; /* the record's configuration without and with the changes */
	struct buf text; /* AFTER as a document */
};

static int prepare(struct change *change, const struct spec_resources *wanted, struct error *err)
{
	struct container *container = change->container;
	const char *id = container->state->id;
	_cleanup_buf_ struct buf old = BUF_INIT;
	int r = file_read_regular_at(container->dir_fd, "config.json", SPEC_CONFIG_LIMIT, &old);

	if (r < 0)
		return error_errno(err, -r, "cannot read config.json of container '%s'", id);
	/* Read again: what container_load() saw was not under the lock. */
	r = spec_config_decode(container->arena, old.data, old.length, &change->before, err);
	if (r < 0)
		return r;
	change->wanted = drop_same_devices(wanted, change->before->linux_.resources);
	r = spec_config_update(old.data, old.length, &change->wanted, &change->text, err);
	if (r == 0)
		r = spec_config_decode(container->arena, change->text.data, change->text.length, &change->after, err);
	return r;
}

static int save_record(const struct change *change, struct error *err)
{
	const struct container *container = change->container;
	int r = file_replace_at(container->dir_fd, "config.json", change->text.data, change->text.length, 0600);

	return r < 0 ? error_errno(err, -r, "cannot write config.json of container '%s'", container->state->id) : 0;
}

static int carry_out(const struct change *change, struct error *err)
{
	const struct cgroup_set *set = &change->container->groups;
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	_cleanup_resource_backup_ struct resource_backup *backup = NULL;
	int r = resources_plan(&change->wanted, change->after->linux_.resources, set, RESOURCES_UPDATE, &plan, err);

	if (r < 0)
		return r;
	backup = resource_backup_take(&plan, set);
	r = resources_apply(&plan, set, err);
	if (r == 0)
		r = save_record(change, err);
	if (r < 0)
		resource_backup_restore(backup, change->before->linux_.resources, set);
	return r;
}

/* ---- Intel's resource director ------------------------------------------------------------------ */

static int update_schemata(const char *path, const char *schema, struct error *err)
{
	_cleanup_free_ char *file = str_printf("%s/schemata", path), *line = str_printf("%s\n", schema);
	int r = file_put_at(AT_FDCWD, file, line);

	return r < 0 ? error_errno(err, -r, "cannot write '%s' to '%s'", schema, file) : 0;
}

static int update_intel_rdt(const struct container *container, const struct update_request *request, struct error *err)
{
	const char *path = container->state->intel_rdt_path;
	int r = 0;

	if (!request->l3_cache_schema && !request->mem_bw_schema)
		return 0;
	if (!path)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' was made without linux.intelRdt, so there is nothing to update", container->state->id);
	if (request->l3_cache_schema)
		r = update_schemata(path, request->l3_cache_schema, err);
	if (r == 0 && request->mem_bw_schema)
		r = update_schemata(path, request->mem_bw_schema, err);
	return r;
}

int runtime_update(const struct runtime *runtime, const char *id, const struct update_request *request, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	struct change change = { .container = &container };
	enum container_status status;
	int r = container_load(runtime, id, &container, err);

	if (r == 0)
		r = container_lock(&container, err);
	if (r < 0)
		return r;
	status = container_status(&container);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return error_set(err, ERROR_CONFLICT, 0, "cannot update container '%s': it is %s", id, container_status_name(status));
	r = container_open_groups(&container, err);
	if (r == 0 && request->resources)
		r = prepare(&change, request->resources, err);
	if (r == 0 && request->resources)
		r = carry_out(&change, err);
	if (r == 0)
		r = update_intel_rdt(&container, request, err);
	buf_done(&change.text);
	return r;
}
