/* SPDX-License-Identifier: Apache-2.0 */
/* system df: what it all takes on the disk. */
#include "engine/build.h"
#include "engine/container_usage.h"
#include "engine/image_usage.h"
#include "cli/command.h"
#include "base/human.h"
#include "cli/listing.h"

#include <time.h>

struct df_request {
	bool verbose;
	const char *format;
};

static const struct option_entry entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct df_request, format), "FORMAT", "table, json, or a template for each line" },
	{ "verbose", 'v', OPTION_FLAG, 0, offsetof(struct df_request, verbose), NULL, "show each image, and each thing that builds keep" },
	{ 0 },
};

/* ---- the sum ------------------------------------------------------------------------ */

static const struct listing_field sum_fields[] = {
	{ "Active", "ACTIVE" }, { "Reclaimable", "RECLAIMABLE" }, { "Size", "SIZE" }, { "TotalCount", "TOTAL" }, { "Type", "TYPE" }, { NULL },
};

struct sum {
	const char *type;
	size_t count, active;
	uint64_t bytes, reclaimable;
};

static int add_sum(struct listing *listing, struct arena *arena, const struct sum *sum,
	struct error *err)
{
	_cleanup_free_ char *size = human_size(sum->bytes, 4), *reclaimable = human_size(sum->reclaimable, 4);
	unsigned percent = sum->bytes ? (unsigned)((double)sum->reclaimable * 100 / (double)sum->bytes) : 0;

	listing_set(listing, "Active", arena_printf(arena, "%zu", sum->active));
	listing_set(listing, "Reclaimable", sum->bytes ? arena_printf(arena, "%s (%u%%)", reclaimable, percent) : reclaimable);
	listing_set(listing, "Size", size);
	listing_set(listing, "TotalCount", arena_printf(arena, "%zu", sum->count));
	listing_set(listing, "Type", sum->type);
	return listing_add_row(listing, err);
}

/* All that is measured. */
struct usage {
	struct image_usage_report images;
	struct container_usage containers;
	struct build_cache_usage builds;
};

static int print_sums(const char *format, struct arena *arena, const struct usage *usage, struct buf *out, struct error *err)
{
	const struct image_usage_report *report = &usage->images;
	const struct container_usage *containers = &usage->containers;
	const struct build_cache_usage *builds = &usage->builds;
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	const struct sum sums[] = {
		{ "Images", report->images, report->active_images, report->content_bytes, report->unused_bytes },
		{ "Containers", containers->containers, containers->running, containers->bytes, containers->stopped_bytes },
		{ "Local Volumes", containers->volumes, containers->mounted_volumes, containers->volume_bytes, containers->unmounted_bytes },
		{ "Build Cache", builds->count, builds->in_use, builds->bytes, builds->reclaimable_bytes },
		{ "Unfinished", 0, 0, report->unfinished_bytes, report->unfinished_bytes },
		{ "Bookkeeping", 0, 0, report->other_bytes, 0 },
	};
	int r = listing_begin(&listing, sum_fields, format, "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}", err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sums); i++)
		r = add_sum(&listing, arena, &sums[i], err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

/* ---- each image ----------------------------------------------------------------------- */

static const struct listing_field image_fields[] = {
	{ "Containers", "CONTAINERS" }, { "CreatedSince", "CREATED" }, { "ID", "IMAGE ID" }, { "Repository", "REPOSITORY" },
	{ "SharedSize", "SHARED SIZE" }, { "Size", "SIZE" }, { "Tag", "TAG" }, { "UniqueSize", "UNIQUE SIZE" }, { NULL },
};

static int add_image(struct listing *listing, struct arena *arena, const struct image_usage *usage, time_t now,
	struct error *err)
{
	_cleanup_free_ char *since = human_since(usage->entry.created_s, now), *size = human_size(usage->unique_bytes + usage->shared_bytes, 4);
	_cleanup_free_ char *shared = human_size(usage->shared_bytes, 4), *unique = human_size(usage->unique_bytes, 4);

	listing_set(listing, "Containers", arena_printf(arena, "%zu", usage->containers));
	listing_set(listing, "CreatedSince", since);
	listing_set(listing, "ID", cli_short_id(arena, usage->entry.id, false));
	listing_set(listing, "Repository", usage->entry.repository ? usage->entry.repository : "<none>");
	listing_set(listing, "SharedSize", shared);
	listing_set(listing, "Size", size);
	listing_set(listing, "Tag", usage->entry.tag ? usage->entry.tag : "<none>");
	listing_set(listing, "UniqueSize", unique);
	return listing_add_row(listing, err);
}

/* *RET_IS_TABLE: it is for people, who get the rest, too. */
static int print_images(const char *format, struct arena *arena, const struct image_usage_report *report, bool *ret_is_table, struct buf *out,
	struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	time_t now = time(NULL);
	int r = listing_begin(&listing, image_fields, format,
			      "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}", err);

	for (size_t i = 0; r == 0 && i < report->each_count; i++)
		r = add_image(&listing, arena, &report->each[i], now, err);
	if (r < 0)
		return r;
	*ret_is_table = listing.is_table;
	if (listing.is_table)
		buf_add_text(out, "Images space usage:\n\n");
	listing_finish(&listing, out);
	return 0;
}

/* ---- each thing that builds keep -------------------------------------------------------- */

static const struct listing_field build_fields[] = {
	{ "CacheID", "CACHE ID" }, { "CacheType", "CACHE TYPE" }, { "CreatedSince", "CREATED" }, { "LastUsedSince", "LAST USED" }, { "Shared", "SHARED" },
	{ "Size", "SIZE" }, { NULL },
};

static int add_build(struct listing *listing, const struct build_cache_entry *entry, time_t now, struct error *err)
{
	_cleanup_free_ char *created = entry->created_s ? human_since(entry->created_s, now) : str_dup(""), *used = human_since(entry->used_s, now);
	_cleanup_free_ char *size = human_size(entry->size, 4);

	listing_set(listing, "CacheID", entry->id);
	listing_set(listing, "CacheType", entry->kind);
	listing_set(listing, "CreatedSince", created);
	listing_set(listing, "LastUsedSince", used);
	listing_set(listing, "Shared", entry->shared ? "true" : "false");
	listing_set(listing, "Size", size);
	return listing_add_row(listing, err);
}

static int print_builds(const struct build_cache_usage *builds, struct buf *out, struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_free_ char *size = human_size(builds->bytes, 4);
	time_t now = time(NULL);
	int r = listing_begin(&listing, build_fields, NULL, "{{.CacheID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.Shared}}", err);

	for (size_t i = 0; r == 0 && i < builds->count; i++)
		r = add_build(&listing, &builds->entries[i], now, err);
	if (r < 0)
		return r;
	buf_printf(out, "\nBuild cache usage: %s\n\n", size);
	listing_finish(&listing, out);
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int print_each(const char *format, struct arena *arena, const struct usage *usage, struct buf *out, struct error *err)
{
	const struct image_usage_report *report = &usage->images;
	_cleanup_free_ char *orphans = human_size(report->orphan_bytes, 4), *unfinished = human_size(report->unfinished_bytes, 4);
	_cleanup_free_ char *other = human_size(report->other_bytes, 4);
	/* What layers of builds take is in both. */
	_cleanup_free_ char *total = human_size(report->total_bytes + usage->builds.bytes - report->cached_bytes, 4);
	bool is_table = false;
	int r = print_images(format, arena, report, &is_table, out, err);

	if (r == 0 && is_table)
		r = print_builds(&usage->builds, out, err);
	if (r < 0 || !is_table)
		return r;
	buf_printf(out, "\nContent that no image needs: %s\nUnfinished downloads and layers: %s\nBookkeeping: %s\nTotal on disk: %s\n", orphans, unfinished,
		   other, total);
	return 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct df_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct usage usage = { .containers = { .containers = 0 } };
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = image_usage_measure(arena, &directories, true, &usage.images, err);
	if (r == 0)
		r = build_cache_measure(arena, &directories, usage.images.cached_bytes, &usage.builds, err);
	if (r == 0 && !request->verbose)
		r = container_usage_measure(&directories, &usage.containers, err);
	if (r < 0)
		return r;
	return request->verbose ? print_each(request->format, arena, &usage, out, err) : print_sums(request->format, arena, &usage, out, err);
}

const struct command cli_system_df = {
	.command = {
		.name = "system df",
		.summary = "show what it all takes on the disk",
		.description = "Shows what images, containers, volumes, what builds keep, unfinished downloads and bookkeeping take on the disk, as the file "
			"system counts it; what images share counts once, so that the lines add up to what the directory takes.\n\n"
			"With --verbose, the unique size of an image is what its removal frees. Sizes of the build cache's parts are lengths of files.",
		.entries = entries,
	},
	.request_size = sizeof(struct df_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
