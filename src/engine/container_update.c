/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other limits and another restart policy for a container, all or none.
 *
 *      step                                      undo
 *   1. the record says so                        it says what it said
 *   2. the supervisor is told of the policy      and of the old one
 *   3. the bundle, for its next start, too       it is what it was
 *   4. the runtime changes the limits            (by itself, if it fails)
 */
#include "base/file.h"
#include "base/log.h"
#include "engine/bundle_resources.h"
#include "engine/container_event.h"
#include "engine/container_limits.h"
#include "engine/containers.h"
#include "engine/supervisor.h"
#include "runtime/verbs.h"
#include "spec/config_update.h"

#include <fcntl.h>

struct change {
	struct container_record *record;
	struct spec_host_config old, new, limits;
};

static int save(struct change *change, const struct spec_host_config *host, struct error *err)
{
	change->record->container->host = *host;
	return container_record_save(change->record, err);
}

static int tell_supervisor(const struct container_record *record, struct error *err)
{
	const struct spec_container *container = record->container;
	struct spec_supervision supervision = {
		.restart_policy = container->host.restart_policy,
		.restart_maximum = container->host.restart_maximum,
	};
	const struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_UPDATE, .supervision = &supervision };
	_cleanup_close_ int socket = -EBADF;
	struct spec_message *reply = NULL;
	int r = supervisor_connect(record, &socket, err);

	return r < 0 ? r : supervisor_ask(record->arena, socket, &message, &reply, err);
}

static int replace_bundle(const struct container_record *record, const struct buf *text, struct error *err)
{
	const char *path = arena_printf(record->arena, "%s/config.json", record->run_path);
	int r = file_replace_at(AT_FDCWD, path, text->data, text->length, 0600);

	return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}

/* OLD gets what the bundle was. */
static int change_bundle(const struct container_record *record, const struct spec_resources *resources, struct buf *old, struct error *err)
{
	const char *path = arena_printf(record->arena, "%s/config.json", record->run_path);
	_cleanup_buf_ struct buf new = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, old);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	r = spec_config_update(old->data, old->length, resources, &new, err);
	return r < 0 ? r : replace_bundle(record, &new, err);
}

static int change_limits(const struct change *change, struct error *err)
{
	const struct container_record *record = change->record;
	const struct runtime runtime = { .root = arena_printf(record->arena, "%s/runtime", record->directories->run_root) };
	struct spec_resources resources = { .memory = NULL };
	_cleanup_buf_ struct buf old = BUF_INIT;
	struct error later = ERROR_INIT;
	int r = bundle_make_resources(record->arena, &change->limits, &resources, err);

	if (r < 0 || !record->is_supervised)
		return r;
	r = change_bundle(record, &resources, &old, err);
	/* Without a process it waits to be started again. */
	if (r < 0 || !record->state->pid)
		return r;
	r = runtime_update(&runtime, record->container->id, &(struct update_request){ .resources = &resources }, err);
	if (r < 0 && replace_bundle(record, &old, &later) < 0)
		log_warning("%s", later.message);
	return r;
}

static int carry_out(struct change *change, struct error *err)
{
	const struct container_record *record = change->record;
	bool has_policy = record->is_supervised && (!str_equal(change->old.restart_policy, change->new.restart_policy) ||
		change->old.restart_maximum != change->new.restart_maximum);
	struct error later = ERROR_INIT;
	int r = save(change, &change->new, err);

	if (r < 0)
		return r;
	if (has_policy)
		r = tell_supervisor(record, err);
	if (r == 0 && container_limits_are_given(&change->limits))
		r = change_limits(change, err);
	if (r == 0)
		return 0;
	if (save(change, &change->old, &later) < 0 || (has_policy && tell_supervisor(record, &later) < 0))
		log_warning("%s", later.message);
	return r;
}

int container_update(const struct container_update_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct change change = { .record = &record };
	struct spec_container checked;
	int r = container_record_open(arena, request->directories, request->container, &record, err);

	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	change.old = record.container->host;
	r = container_limits_merge(&change.old, request->changes, request->has_memory_swap, &change.new, &change.limits, err);
	if (r == 0) {
		checked = *record.container;
		checked.host = change.new;
		r = bundle_check(&checked, NULL, NULL, err);
	}
	if (r == 0)
		r = carry_out(&change, err);
	if (r < 0)
		return error_wrap(err, "cannot update the container '%s'", request->container);
	container_event_add(request->directories, record.container, "update", NULL, 0);
	return 0;
}
