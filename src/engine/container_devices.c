/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As container_mounts.c has it, all or nothing:
 *
 *      step                                       undo
 *   1. the record says so                         it says what it said
 *   2. a node in the volatile directory           removed
 *   3. config.json (for restarts)                 it says what it said
 *   4. the rules of the container's cgroup        those of before
 *   5. the node is bound in the container         (by itself, if it fails)
 *
 * Away it goes in the order 1, 3, 4, 5, 2.
 */
#include "engine/container_devices.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/bundle_resources.h"
#include "engine/container_documents.h"
#include "engine/container_event.h"

#include <limits.h>

struct change {
	struct container_record *record;
	struct container_documents documents;
	struct spec_host_config old;
	const struct spec_mount *mount; /* of the node that comes or goes; NULL: none */
};

static size_t find_device(const struct spec_host_config *host, const char *path)
{
	size_t i = 0;

	while (i < host->device_count && !str_equal(host->devices[i].container, path))
		i++;
	return i;
}

/* ---- what runs ----------------------------------------------------------------------------- */

/* The rules that the configuration has by now are those of the cgroup. */
static int apply_rules(const struct change *change, struct error *err)
{
	const struct container_record *record = change->record;
	const struct runtime runtime = container_documents_runtime(record);
	struct spec_resources resources = { .memory = NULL };
	int r;

	if (!record->state->pid)
		return 0;
	r = bundle_make_device_rules(record->arena, &record->container->host, &resources, err);
	return r < 0 ? r : runtime_update(&runtime, record->container->id, &(struct update_request){ .resources = &resources }, err);
}

/* Of the documents, config.json gets the rules that the record's devices have. */
static int write_rules(struct change *change, bool is_longer, struct error *err)
{
	struct spec_linux *l = &change->documents.config->linux_;
	int r;

	if (!l->resources)
		l->resources = arena_alloc(change->record->arena, 1, sizeof *l->resources);
	r = bundle_make_device_rules(change->record->arena, &change->record->container->host, l->resources, err);
	return r < 0 ? r : container_documents_write(change->record, &change->documents, is_longer, err);
}

static int bind_now(const struct change *change, struct error *err)
{
	const struct container_record *record = change->record;
	const struct runtime runtime = container_documents_runtime(record);
	struct spec_mount parsed = *change->mount;

	if (!record->state->pid)
		return 0;
	spec_mount_set_options(record->arena, &parsed, parsed.options);
	return runtime_mount(&runtime, record->container->id, &parsed, -EBADF, err);
}

static int unbind_now(const struct change *change, struct error *err)
{
	const struct container_record *record = change->record;
	const struct runtime runtime = container_documents_runtime(record);
	struct error told = ERROR_INIT;

	if (!record->state->pid || !change->mount || runtime_unmount(&runtime, record->container->id, change->mount->destination, &told) == 0 ||
	    told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

/* What was done so far is undone; the first failure is told. */
static void undo(struct change *change, bool was_longer)
{
	struct error told = ERROR_INIT;

	change->record->container->host = change->old;
	if (change->record->is_supervised) {
		container_documents_restore(change->record, &change->documents, was_longer);
		if (apply_rules(change, &told) < 0)
			log_warning("%s", told.message);
	}
	if (container_record_save(change->record, &told) < 0)
		log_warning("%s", told.message);
}

/* ---- adding ----------------------------------------------------------------------------------- */

static void append(const struct container_record *record, const struct spec_container_device *device)
{
	struct spec_host_config *host = &record->container->host;
	struct spec_container_device *devices = arena_alloc(record->arena, host->device_count + 1, sizeof *devices);

	if (host->device_count)
		memcpy(devices, host->devices, host->device_count * sizeof *devices);
	devices[host->device_count++] = *device;
	host->devices = devices;
}

static int add_to_supervised(struct change *change, const struct spec_container_device *device, struct error *err)
{
	int r = container_documents_read(change->record, &change->documents, err);

	if (r == 0)
		r = bundle_add_device_later(change->record, change->documents.config, change->documents.supervision, device, &change->mount, err);
	if (r < 0)
		return r;
	r = write_rules(change, true, err);
	if (r == 0)
		r = apply_rules(change, err);
	if (r == 0)
		r = bind_now(change, err);
	if (r < 0)
		unlink(change->mount->source);
	return r;
}

static int add(struct change *change, const struct spec_container_device *device, struct error *err)
{
	struct container_record *record = change->record;
	struct spec_resources ignored;
	int r;

	if (find_device(&record->container->host, device->container) < record->container->host.device_count)
		return error_set(err, ERROR_CONFLICT, 0, "it has a device there already");
	append(record, device);
	r = bundle_make_device_rules(record->arena, &record->container->host, &ignored, err);
	if (r == 0)
		r = container_record_save(record, err);
	if (r < 0)
		return r;
	if (record->is_supervised)
		r = add_to_supervised(change, device, err);
	if (r < 0)
		undo(change, false);
	return r;
}

/* ---- taking away -------------------------------------------------------------------------------- */

/* The node is one of ours, not what the user has mounted there. */
static const struct spec_mount *find_mount(const struct change *change, const char *path)
{
	const struct spec_config *config = change->documents.config;
	const char *prefix = arena_printf(change->record->arena, "%s/" BUNDLE_DEVICE, change->record->run_path);

	for (size_t i = 0; i < config->mount_count; i++)
		if (str_equal(config->mounts[i].destination, path) && config->mounts[i].source && str_starts_with(config->mounts[i].source, prefix))
			return &config->mounts[i];
	return NULL;
}

static void drop_from_config(struct change *change, const char *path)
{
	struct spec_config *config = change->documents.config;
	struct spec_linux *l = &config->linux_;
	struct spec_mount *copy;
	size_t kept = 0;

	change->mount = find_mount(change, path);
	if (change->mount) {
		size_t index = (size_t)(change->mount - config->mounts);

		copy = arena_alloc(change->record->arena, 1, sizeof *copy);
		*copy = *change->mount;
		memmove(config->mounts + index, config->mounts + index + 1, (--config->mount_count - index) * sizeof *config->mounts);
		change->mount = copy;
	}
	for (size_t i = 0; i < l->device_count; i++)
		if (!str_equal(l->devices[i].path, path))
			l->devices[kept++] = l->devices[i];
	l->device_count = kept;
}

static int remove_from_supervised(struct change *change, const char *path, struct error *err)
{
	int r = container_documents_read(change->record, &change->documents, err);

	if (r < 0)
		return r;
	drop_from_config(change, path);
	r = write_rules(change, false, err);
	if (r == 0)
		r = apply_rules(change, err);
	if (r == 0)
		r = unbind_now(change, err);
	if (r == 0 && change->mount && unlink(change->mount->source) < 0 && errno != ENOENT)
		log_warning("cannot remove '%s': %s, ignoring", change->mount->source, error_words(errno));
	return r;
}

static int take_away(struct change *change, const char *path, struct error *err)
{
	struct container_record *record = change->record;
	struct spec_host_config *host = &record->container->host;
	size_t index = find_device(host, path);
	struct spec_container_device *devices = arena_alloc(record->arena, host->device_count + 1, sizeof *devices);
	int r;

	if (index == host->device_count)
		return error_set(err, ERROR_NOT_FOUND, 0, "it has no device there");
	memcpy(devices, host->devices, index * sizeof *devices);
	memcpy(devices + index, host->devices + index + 1, (host->device_count - index - 1) * sizeof *devices);
	host->devices = devices;
	host->device_count--;
	r = container_record_save(record, err);
	if (r < 0)
		return r;
	if (record->is_supervised)
		r = remove_from_supervised(change, path, err);
	if (r < 0)
		undo(change, true);
	return r;
}

/* ---- the calls ------------------------------------------------------------------------------------ */

static int open_locked(struct arena *arena, const struct directories *directories, const char *container, struct container_record *record,
	struct change *change, struct error *err)
{
	int r = container_record_open(arena, directories, container, record, err);

	if (r == 0)
		r = container_record_lock(record, err);
	if (r < 0)
		return r;
	*change = (struct change){ .record = record, .documents = CONTAINER_DOCUMENTS_INIT, .old = record->container->host };
	return 0;
}

/* ADDED, or what is at the path REMOVED, is one of the container's devices, or no longer one. */
static int change_device(const struct directories *directories, const char *container, const struct spec_container_device *added, const char *removed,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct change change;
	int r = open_locked(arena, directories, container, &record, &change, err);

	if (r < 0)
		return r;
	r = added ? add(&change, added, err) : take_away(&change, removed, err);
	container_documents_done(&change.documents);
	if (r < 0 && added)
		return error_wrap(err, "cannot give the container '%s' the device '%.200s'", record.container->name, added->container);
	if (r < 0)
		return error_wrap(err, "cannot take the device '%.200s' from the container '%s'", removed, record.container->name);
	container_event_add(directories, record.container, "update", NULL, 0);
	return 0;
}

int container_device_add(const struct directories *directories, const char *container, const struct spec_container_device *device, struct error *err)
{
	return change_device(directories, container, device, NULL, err);
}

int container_device_remove(const struct directories *directories, const char *container, const char *path, struct error *err)
{
	return change_device(directories, container, NULL, path, err);
}
