/* SPDX-License-Identifier: Apache-2.0 */
/* What builds have left, listed and removed. */
#include "engine/build_cache.h"
#include "engine/build_debris.h"
#include "engine/build_entries.h"
#include "engine/container_size.h"
#include "engine/image_removal.h"
#include "store/blobs.h"
#include "store/layers.h"

#include <fcntl.h>
#include <sys/statvfs.h>

int build_cache_list(struct arena *arena, const struct directories *directories, char *const *filters, struct build_cache_entry **ret, size_t *ret_count,
	struct error *err)
{
	_cleanup_build_entries_ struct build_entries entries = BUILD_ENTRIES_INIT;
	struct build_cache_entry *list;
	int r = build_entries_read(arena, directories, false, &entries, err);

	if (r == 0)
		r = build_entries_filter(&entries, filters, err);
	if (r < 0)
		return r;
	list = arena_alloc(arena, entries.count + 1, sizeof *list);
	for (size_t i = 0; i < entries.count; i++)
		list[i] = entries.list[i].shown;
	*ret = list;
	*ret_count = entries.count;
	return 0;
}

int build_cache_measure(struct arena *arena, const struct directories *directories, uint64_t layer_bytes, struct build_cache_usage *ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/build", directories->root);
	struct build_cache_usage usage = { .count = 0 };
	uint64_t used = 0, kept = 0;
	int r = build_cache_list(arena, directories, NULL, &usage.entries, &usage.count, err);

	if (r == 0 && (r = container_disk_usage(path, &used)) < 0)
		r = error_errno(err, -r, "cannot measure '%s'", path);
	if (r < 0)
		return r;
	for (size_t i = 0; i < usage.count; i++) {
		usage.in_use += usage.entries[i].in_use;
		kept += usage.entries[i].in_use && !usage.entries[i].shared ? usage.entries[i].size : 0;
	}
	usage.bytes = used + layer_bytes;
	usage.reclaimable_bytes = usage.bytes > kept ? usage.bytes - kept : 0;
	*ret = usage;
	return 0;
}

/* ---- how much goes ----------------------------------------------------------------------- */

/* Without what images have: it takes its place whether it is remembered or not. */
static uint64_t sum(const struct build_entries *entries, bool with_shared)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < entries->count; i++)
		bytes += entries->list[i].shown.shared && !with_shared ? 0 : entries->list[i].shown.size;
	return bytes;
}

static uint64_t free_bytes(const char *path)
{
	struct statvfs status;

	return statvfs(path, &status) < 0 ? UINT64_MAX : (uint64_t)status.f_bavail * status.f_frsize;
}

/* So much may stay, of TOTAL bytes: as much as is allowed, less what the disk lacks, but what is reserved in any case. */
static uint64_t limit_of(const struct build_cache_prune_request *request, uint64_t total)
{
	uint64_t keep = request->max_used_bytes ? request->max_used_bytes : request->min_free_bytes ? UINT64_MAX : 0;
	uint64_t free = request->min_free_bytes ? free_bytes(request->directories->root) : UINT64_MAX;

	if (free < request->min_free_bytes) {
		uint64_t lacking = request->min_free_bytes - free, rest = total > lacking ? total - lacking : 0;

		keep = keep < rest ? keep : rest;
	}
	return keep > request->reserved_bytes ? keep : request->reserved_bytes;
}

/* ---- removing ------------------------------------------------------------------------------- */

struct prune {
	const struct build_cache_prune_request *request;
	struct build_entries entries;
	uint64_t bytes; /* of all that there is */
	size_t removed;
	struct build_cache_prune_report *report;
};

static bool may_go(const struct prune *prune, const struct build_entry *entry, bool is_too_much)
{
	const struct build_cache_prune_request *request = prune->request;

	if (entry->is_useless)
		return true;
	if (entry->shown.in_use || (entry->shown.shared && !request->all))
		return false;
	return is_too_much || entry->shown.used_s < request->used_before_s;
}

/* In the order of the entries, so that nothing goes before what lies on it. */
static int remove_entries(struct prune *prune, struct error *err)
{
	const struct build_entries *entries = &prune->entries;
	uint64_t bytes = prune->bytes, limit = limit_of(prune->request, bytes);

	for (size_t i = 0; i < entries->count; i++) {
		struct build_entry *entry = &entries->list[i];
		int r = may_go(prune, entry, bytes > limit || limit == 0) ? build_entry_remove(entries, entry, err) : 0;

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		bytes -= entry->shown.size < bytes ? entry->shown.size : bytes;
		prune->report->ids[prune->removed++] = (char *)entry->shown.id;
		if (!entry->chain_id)
			prune->report->freed_bytes += entry->shown.size;
	}
	return 0;
}

/* Of content that goes: layers of steps, what they alone lay on, blobs. */
static void count_going(void *context, const char *digest, bool is_layer)
{
	struct prune *prune = context;
	const struct store *store = &prune->entries.store;
	_cleanup_close_ int fd = -EBADF;
	struct spec_layer layer = { .size = 0 };
	uint64_t size = 0;

	if (is_layer && layer_read(store, prune->entries.arena, digest, &layer, NULL) == 0)
		size = layer.size;
	else if (!is_layer && blob_open(store, digest, &fd, &size, NULL) < 0)
		size = 0;
	prune->report->freed_bytes += size;
}

/* What they stood on stays as long as a container or another record needs it. Who removes by itself need not know how much that is. */
static int sweep(struct prune *prune, struct error *err)
{
	const struct directories *directories = prune->request->directories;
	int r = prune->request->roughly ? 0 : image_removal_sweep(directories, true, count_going, prune, err);

	return r < 0 ? r : image_removal_sweep(directories, false, NULL, NULL, err);
}

/* ---- images that are gone ----------------------------------------------------------------------- */

struct results {
	const struct directories *directories;
	struct store store;
};

static int forget_result(void *context, const char *id, int64_t used_s _unused_, const struct spec_build_record *record)
{
	const struct results *results = context;

	if (record->image_target && record->image_manifest && blob_exists(&results->store, record->image_target, UINT64_MAX) &&
	    blob_exists(&results->store, record->image_manifest, UINT64_MAX))
		return 0;
	return build_cache_forget(results->directories, BUILD_CACHE_RESULTS, id);
}

/* That an image was made is worth knowing as long as it is there. */
static int forget_results(const struct prune *prune, struct error *err)
{
	struct results results = { prune->request->directories, prune->entries.store };
	int r = build_cache_visit(results.directories, BUILD_CACHE_RESULTS, forget_result, &results);

	return r < 0 ? error_errno(err, -r, "cannot read '%s/build/results'", results.directories->root) : 0;
}

/* ---- the call -------------------------------------------------------------------------------------- */

static int run(struct prune *prune, struct error *err)
{
	const struct build_cache_prune_request *request = prune->request;
	int r;

	prune->bytes = sum(&prune->entries, request->all);
	r = build_entries_filter(&prune->entries, request->filters, err);
	prune->report->ids = arena_alloc(prune->entries.arena, prune->entries.count + 1, sizeof *prune->report->ids);
	if (r == 0)
		r = remove_entries(prune, err);
	if (r == 0 && prune->removed)
		r = sweep(prune, err);
	if (r == 0)
		r = forget_results(prune, err);
	return r < 0 ? r : build_debris_sweep(&(struct build_debris){ .directories = request->directories }, err);
}

int build_cache_prune(struct arena *arena, const struct build_cache_prune_request *request, struct build_cache_prune_report *ret, struct error *err)
{
	struct prune prune = { .request = request, .entries = BUILD_ENTRIES_INIT, .report = ret };
	int r = build_entries_read(arena, request->directories, request->roughly, &prune.entries, err);

	*ret = (struct build_cache_prune_report){ .ids = NULL };
	if (r < 0)
		return r;
	r = run(&prune, err);
	build_entries_done(&prune.entries);
	return r;
}
