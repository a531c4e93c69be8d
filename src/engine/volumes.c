/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volumes.h"
#include "engine/container.h"
#include "engine/container_names.h"
#include "engine/container_size.h"
#include "engine/events.h"
#include "engine/volume_backing.h"
#include "engine/volume_filter.h"
#include "engine/volume_record.h"
#include "store/path_set.h"

/* ---- create ---------------------------------------------------------------------------- */

static bool has_same_options(const struct spec_volume *a, const struct spec_volume *b)
{
	if (a->option_count != b->option_count)
		return false;
	for (size_t i = 0; i < a->option_count; i++)
		if (!str_equal(spec_volume_option(b, a->options[i].key), a->options[i].value))
			return false;
	return true;
}

/* One of that name is there: is it what was asked for? */
static int compare(struct arena *arena, const struct directories *directories, const struct spec_volume *request, struct error *err)
{
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	int r = volume_record_open(arena, directories, request->name, &record, err);

	if (r < 0 || !request->option_count || has_same_options(request, record.volume))
		return r;
	return error_set(err, ERROR_CONFLICT, 0, "cannot make the volume '%s': there is one of that name, with other options", request->name);
}

int volume_create(struct arena *arena, const struct directories *directories, const struct spec_volume *request, const char **ret_name,
	struct error *err)
{
	struct spec_volume volume = *request;
	const char *name = NULL;
	bool made = false;
	int r = 0;

	if (volume.name)
		r = volume_check_name(volume.name, err);
	else
		r = container_id_make(arena, &name, err);
	if (r < 0)
		return r;
	volume.anonymous = name != NULL;
	volume.name = name ? (char *)name : volume.name;
	r = volume_backing_check(&volume, err);
	if (r < 0)
		return error_wrap(err, "cannot make the volume '%s'", volume.name);
	r = volume_record_make(arena, directories, &volume, NULL, NULL, &made, err);
	if (r == 0 && !made)
		r = compare(arena, directories, &volume, err);
	if (r == 0)
		*ret_name = volume.name;
	ignore_result(volume_record_sweep(directories, false, NULL, NULL)); /* what is left is left to the next */
	return r;
}

/* ---- who has which ------------------------------------------------------------------------ */

static int note_used(void *context, struct container_record *record, struct error *err _unused_)
{
	const struct spec_host_config *host = &record->container->host;

	for (size_t i = 0; i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && host->mounts[i].source)
			path_set_add(context, host->mounts[i].source);
	return 0;
}

static int find_used(const struct directories *directories, struct path_set *used, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return container_record_visit(arena, directories, note_used, used, err);
}

/* Or an error if that cannot be told. */
static int find_all_used(const struct directories *directories, struct path_set *used, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return container_record_visit_whole(arena, directories, note_used, used, err);
}

/* ---- list and inspect ----------------------------------------------------------------------- */

struct listing {
	struct arena *arena;
	const struct volume_filter *filter;
	const struct path_set *used;
	struct volume_entry *entries;
	size_t count, capacity;
};

static int list_one(void *context, struct volume_record *record, struct error *err _unused_)
{
	struct listing *listing = context;
	bool is_used = path_set_has(listing->used, record->volume->name);

	if (!volume_filter_passes(listing->filter, record->volume, is_used))
		return 0;
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 32;
		struct volume_entry *larger = arena_alloc(listing->arena, capacity, sizeof *larger);

		if (listing->count)
			memcpy(larger, listing->entries, listing->count * sizeof *larger);
		listing->entries = larger;
		listing->capacity = capacity;
	}
	listing->entries[listing->count++] = (struct volume_entry){ record->volume, arena_printf(listing->arena, "%s/" VOLUME_DATA, record->path), is_used };
	return 0;
}

int volume_list(struct arena *arena, const struct directories *directories, char *const *filters, struct volume_entry **ret, size_t *ret_count,
	struct error *err)
{
	_cleanup_path_set_ struct path_set *used = path_set_new();
	struct volume_filter filter = { .terms = NULL };
	struct listing listing = { .arena = arena, .filter = &filter, .used = used };
	int r = 0;

	for (; r == 0 && filters && *filters; filters++)
		r = volume_filter_add(&filter, arena, *filters, false, err);
	if (r == 0 && filter.asks_for_users)
		r = find_used(directories, used, err);
	if (r == 0)
		r = volume_record_visit(arena, directories, list_one, &listing, err);
	if (r < 0)
		return r;
	*ret = listing.entries;
	*ret_count = listing.count;
	return 0;
}

int volume_inspect(const struct directories *directories, const char *name, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	struct json_writer w = { .out = out };
	int r = volume_record_open(arena, directories, name, &record, err);

	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	spec_volume_write_inspect(&w, record.volume, arena_printf(arena, "%s/" VOLUME_DATA, record.path));
	json_write_close(&w, '}');
	return 0;
}

/* ---- remove and prune -------------------------------------------------------------------------- */

/* Under its lock: who starts a container with it waits, and makes it anew. */
static int remove_unused(struct volume_record *record, struct error *err)
{
	const char *user = NULL;
	int r = volume_record_lock(record, err);

	if (r == 0)
		r = volume_record_find_user(record->arena, record->directories, record->volume->name, NULL, &user, err);
	if (r < 0)
		return r;
	if (user)
		return error_set(err, ERROR_CONFLICT, 0, "cannot remove the volume '%s': the container '%s' has it", record->volume->name, user);
	return volume_record_remove(record, err);
}

int volume_remove(const struct directories *directories, const char *name, unsigned flags, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	struct error told = ERROR_INIT;
	int r = flags & VOLUME_REMOVE_FORCE ? volume_record_open_for_removal(arena, directories, name, &record, &told)
					    : volume_record_open(arena, directories, name, &record, &told);

	if (r == 0)
		r = remove_unused(&record, &told);
	ignore_result(volume_record_sweep(directories, false, NULL, NULL)); /* what is left is left to the next */
	if (r < 0 && told.kind == ERROR_NOT_FOUND && (flags & VOLUME_REMOVE_FORCE))
		return 0;
	if (r < 0 && err)
		*err = told;
	return r;
}

struct prune {
	struct arena *arena;
	const struct volume_filter *filter;
	const struct path_set *used;
	bool all;
	struct volume_prune_report report;
	size_t count, capacity;
};

static void note_pruned(struct prune *prune, const char *name, uint64_t bytes)
{
	if (prune->count + 1 >= prune->capacity) {
		size_t capacity = prune->capacity * 2 + 32;
		char **larger = arena_alloc(prune->arena, capacity, sizeof *larger);

		if (prune->count)
			memcpy(larger, prune->report.names, prune->count * sizeof *larger);
		prune->report.names = larger;
		prune->capacity = capacity;
	}
	prune->report.names[prune->count++] = arena_strdup(prune->arena, name);
	prune->report.freed_bytes += bytes;
}

/* One that somebody has just taken stays. */
static int prune_one(void *context, struct volume_record *record, struct error *err)
{
	struct prune *prune = context;
	struct error told = ERROR_INIT;
	uint64_t bytes = 0;

	if (path_set_has(prune->used, record->volume->name) || (!prune->all && !record->volume->anonymous) ||
	    !volume_filter_passes(prune->filter, record->volume, false))
		return 0;
	if (container_disk_usage(record->path, &bytes) < 0)
		bytes = 0;
	if (remove_unused(record, &told) == 0) {
		note_pruned(prune, record->volume->name, bytes);
		return 0;
	}
	if (told.kind == ERROR_CONFLICT || told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

int volume_prune(struct arena *arena, const struct directories *directories, char *const *filters, bool all, struct volume_prune_report *ret,
	struct error *err)
{
	_cleanup_path_set_ struct path_set *used = path_set_new();
	struct volume_filter filter = { .terms = NULL };
	struct prune prune = { .arena = arena, .filter = &filter, .used = used };
	int r = 0;

	for (; r == 0 && filters && *filters; filters++)
		r = volume_filter_add(&filter, arena, *filters, true, err);
	prune.all = all || filter.all;
	if (r == 0)
		r = find_all_used(directories, used, err);
	if (r == 0)
		r = volume_record_visit(arena, directories, prune_one, &prune, err);
	ignore_result(volume_record_sweep(directories, false, NULL, NULL)); /* what is left is left to the next */
	if (r < 0)
		return r;
	if (!prune.report.names)
		prune.report.names = arena_alloc(arena, 1, sizeof *prune.report.names);
	events_add_prune(directories, "volume", prune.report.freed_bytes);
	*ret = prune.report;
	return 0;
}
