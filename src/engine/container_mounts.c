/* SPDX-License-Identifier: Apache-2.0 */
/*
 *      step                                           undo
 *   1. the record says so                             it says what it said
 *   2. the documents of its supervisor (for restarts) they say what they said
 *   3. the runtime mounts it, or takes it away        (by itself, if it fails)
 *
 * Who is killed in between leaves a mount that the next start has, or has not, as the record says.
 */
#include "engine/container_mounts.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/bundle_supervision.h"
#include "engine/container_documents.h"
#include "engine/container_event.h"
#include "engine/container_image.h"
#include "engine/container_names.h"
#include "engine/volume_record.h"
#include "host/user_namespace.h"
#include "runtime/given_mount.h"
#include "runtime/verbs.h"

/* ---- what runs ------------------------------------------------------------------------------ */

static const struct idmap_range *make_ranges(struct arena *arena, const struct spec_id_mapping *mappings, size_t count)
{
	struct idmap_range *ranges = arena_alloc(arena, count + 1, sizeof *ranges);

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct idmap_range){ mappings[i].container_id, mappings[i].host_id, mappings[i].size };
	return ranges;
}

static int mount_now(const struct container_record *record, const struct container_documents *documents, const struct spec_mount *mount,
	const struct spec_supervision_mount *given, struct error *err)
{
	const struct spec_supervision *supervision = documents->supervision;
	const struct idmap ids = {
		.uids = make_ranges(record->arena, supervision->uid_mappings, supervision->uid_mapping_count),
		.gids = make_ranges(record->arena, supervision->gid_mappings, supervision->gid_mapping_count),
		.uid_count = supervision->uid_mapping_count,
		.gid_count = supervision->gid_mapping_count,
	};
	const struct runtime runtime = container_documents_runtime(record);
	_cleanup_close_ int fd = -EBADF;
	struct spec_mount parsed = *mount;
	int r = given ? given_mount_open(given, ids.uid_count && user_namespace_is_first() ? &ids : NULL, supervision->user_marks, &fd, err) : 0;

	if (r < 0)
		return r;
	spec_mount_set_options(record->arena, &parsed, mount->options);
	return runtime_mount(&runtime, record->container->id, &parsed, fd, err);
}

/* ---- adding ----------------------------------------------------------------------------------- */

/* A copy of its mounts with one more. */
static struct spec_container_mount *append(const struct container_record *record, const struct spec_container_mount *mount)
{
	struct spec_host_config *host = &record->container->host;
	struct spec_container_mount *mounts = arena_alloc(record->arena, host->mount_count + 1, sizeof *mounts);

	if (host->mount_count)
		memcpy(mounts, host->mounts, host->mount_count * sizeof *mounts);
	mounts[host->mount_count] = *mount;
	host->mounts = mounts;
	return &mounts[host->mount_count++];
}

static int name_volume(const struct container_record *record, struct spec_container_mount *mount, struct error *err)
{
	const char *name = NULL;
	int r;

	if (mount->kind != SPEC_MOUNT_VOLUME || mount->source)
		return 0;
	r = container_id_make(record->arena, &name, err);
	mount->source = (char *)name;
	mount->anonymous = true;
	return r;
}

static int add_to_supervised(const struct container_mount_request *request, struct container_record *record, const struct spec_container_mount *mount,
	struct container_documents *documents, struct error *err)
{
	const struct spec_supervision_mount *given = NULL;
	const struct spec_mount *added = NULL;
	int r = container_documents_read(record, documents, err);

	if (r == 0)
		r = bundle_add_mount_later(record, documents->config, documents->supervision, mount, request->warn, request->context, &added, &given, err);
	if (r < 0)
		return r;
	bundle_add_supervised_volume(record->arena, documents->supervision, mount);
	r = container_documents_write(record, documents, true, err);
	if (r < 0 || !record->state->pid)
		return r;
	r = mount_now(record, documents, added, given, err);
	if (r == 0)
		volume_mount_event_add(record->directories, mount, record->container->id, "mount");
	return r;
}

static int add_to_record(const struct container_mount_request *request, struct container_record *record, const struct spec_container_mount *mount,
	struct error *err)
{
	_cleanup_container_documents_ struct container_documents documents = CONTAINER_DOCUMENTS_INIT;
	const struct spec_host_config old = record->container->host;
	struct error told = ERROR_INIT;
	struct spec_container_mount *added = append(record, mount);
	int r = name_volume(record, added, err);
	const struct container_create_request image_request = { .directories = request->directories, .warn = request->warn, .context = request->context };
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_lease_ struct lease lease = LEASE_INIT;

	if (r == 0)
		r = bundle_check(record->container, request->warn, request->context, err);
	if (r == 0 && added->kind == SPEC_MOUNT_IMAGE)
		r = container_image_find_mounts(record->arena, &image_request, &record->container->host, &store, &lease, err);
	if (r == 0)
		r = container_record_save(record, err);
	if (r < 0)
		return r;
	if (record->is_supervised)
		r = add_to_supervised(request, record, added, &documents, err);
	if (r == 0)
		return 0;
	container_documents_restore(record, &documents, false);
	record->container->host = old;
	if (container_record_save(record, &told) < 0)
		log_warning("%s", told.message);
	return r;
}

/* Its errors are bundle_check()'s and the like, with the exit status of a `run`. */
static int fail(struct error *err, int r)
{
	if (err)
		err->exit_status = 0;
	return r;
}

int container_mount_add(const struct container_mount_request *request, const struct spec_container_mount *mount, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(arena, request->directories, request->container, &record, err);

	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	r = add_to_record(request, &record, mount, err);
	if (r < 0)
		return fail(err, error_wrap(err, "cannot mount on '%s' of the container '%s'", mount->target, record.container->name));
	container_event_add(request->directories, record.container, "update", NULL, 0);
	return 0;
}

/* ---- taking away --------------------------------------------------------------------------------- */

/* Removes from an array of COUNT elements the one at INDEX. */
static void drop(void *array, size_t *count, size_t size, size_t index)
{
	char *bytes = array;

	memmove(bytes + index * size, bytes + (index + 1) * size, (*count - index - 1) * size);
	(*count)--;
}

static void drop_from_documents(struct container_documents *documents, const char *target)
{
	struct spec_config *config = documents->config;
	struct spec_supervision *supervision = documents->supervision;

	for (size_t i = config->mount_count; i-- > 0;)
		if (str_equal(config->mounts[i].destination, target)) {
			drop(config->mounts, &config->mount_count, sizeof *config->mounts, i);
			break;
		}
	for (size_t i = supervision->mount_count; i-- > 0;)
		if (str_equal(supervision->mounts[i].target, target))
			drop(supervision->mounts, &supervision->mount_count, sizeof *supervision->mounts, i);
	for (size_t i = supervision->volume_count; i-- > 0;)
		if (str_equal(supervision->volumes[i].target, target))
			drop(supervision->volumes, &supervision->volume_count, sizeof *supervision->volumes, i);
}

static int remove_from_supervised(struct container_record *record, const char *target, struct container_documents *documents, struct error *err)
{
	const struct runtime runtime = container_documents_runtime(record);
	struct error told = ERROR_INIT;
	int r = container_documents_read(record, documents, err);

	if (r < 0)
		return r;
	drop_from_documents(documents, target);
	r = container_documents_write(record, documents, false, err);
	if (r < 0 || !record->state->pid || runtime_unmount(&runtime, record->container->id, target, &told) == 0)
		return r;
	/* The container has taken it away itself. */
	if (told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

static int remove_from_record(struct container_record *record, size_t index, struct error *err)
{
	_cleanup_container_documents_ struct container_documents documents = CONTAINER_DOCUMENTS_INIT;
	struct spec_host_config *host = &record->container->host;
	const struct spec_host_config old = *host;
	const struct spec_container_mount removed = host->mounts[index];
	struct error told = ERROR_INIT;
	int r;

	append(record, &removed); /* a copy: the old one stays as it was */
	host->mount_count = old.mount_count;
	drop(host->mounts, &host->mount_count, sizeof *host->mounts, index);
	r = container_record_save(record, err);
	if (r == 0 && record->is_supervised)
		r = remove_from_supervised(record, removed.target, &documents, err);
	if (r == 0 && record->is_supervised && record->state->pid)
		volume_mount_event_add(record->directories, &removed, record->container->id, "unmount");
	if (r == 0)
		return removed.kind == SPEC_MOUNT_VOLUME ? volume_release(record->directories, removed.source, NULL, err) : 0;
	container_documents_restore(record, &documents, true);
	*host = old;
	if (container_record_save(record, &told) < 0)
		log_warning("%s", told.message);
	return r;
}

int container_mount_remove(const struct container_mount_request *request, const char *target, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(arena, request->directories, request->container, &record, err);
	size_t index = 0;

	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	while (index < record.container->host.mount_count && !str_equal(record.container->host.mounts[index].target, target))
		index++;
	if (index == record.container->host.mount_count)
		return error_set(err, ERROR_NOT_FOUND, 0, "the container '%s' has no mount on '%.200s'", record.container->name, target);
	r = remove_from_record(&record, index, err);
	if (r < 0)
		return fail(err, error_wrap(err, "cannot unmount '%s' of the container '%s'", target, record.container->name));
	container_event_add(request->directories, record.container, "update", NULL, 0);
	return 0;
}
