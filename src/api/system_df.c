/* SPDX-License-Identifier: Apache-2.0 */
/* GET /system/df: what it all takes on the disk. What images share counts once. */
#include "api/containers_list.h"
#include "api/images_list.h"
#include "api/routes.h"
#include "base/moment.h"
#include "engine/build.h"
#include "engine/container_usage.h"
#include "engine/image_usage.h"
#include "engine/volume_usage.h"

#include <time.h>

#define SINCE_BUILDER_SIZE_LEFT_OUT 42
#define SINCE_SUMS 52 /* each kind is an object with its sums */

enum kind { KIND_IMAGES = 1 << 0, KIND_CONTAINERS = 1 << 1, KIND_VOLUMES = 1 << 2, KIND_BUILD_CACHE = 1 << 3 };

struct usage {
	struct api_call *call;
	unsigned kinds;
	struct image_usage_report images;
	struct container_usage containers; /* sums, of volumes too */
	struct volume_usage *volumes;
	size_t volume_count;
	struct build_cache_entry *cache;
	size_t cache_count;
};

/* ---- measuring ------------------------------------------------------------------------------- */

static int choose_kinds(const struct api_call *call, unsigned *ret, struct error *err)
{
	static const struct {
		const char *word;
		unsigned kind;
	} kinds[] = { { "image", KIND_IMAGES }, { "container", KIND_CONTAINERS }, { "volume", KIND_VOLUMES }, { "build-cache", KIND_BUILD_CACHE } };
	char **words = api_target_values(call->arena, &call->target, "type");

	*ret = 0;
	for (char **word = words; *word; word++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(kinds) && !str_equal(kinds[i].word, *word))
			i++;
		if (i == ARRAY_SIZE(kinds))
			return error_set(err, ERROR_INVALID, 0, "unknown object type: %.100s", *word);
		*ret |= kinds[i].kind;
	}
	if (!*words)
		*ret = KIND_IMAGES | KIND_CONTAINERS | KIND_VOLUMES | KIND_BUILD_CACHE;
	return 0;
}

static int measure(struct usage *usage, struct error *err)
{
	struct api_call *call = usage->call;
	int r = 0;

	if (usage->kinds & KIND_IMAGES)
		r = image_usage_measure(call->arena, call->directories, true, &usage->images, err);
	if (r == 0 && (usage->kinds & KIND_VOLUMES))
		r = volume_usage_measure(call->arena, call->directories, &usage->volumes, &usage->volume_count, err);
	if (r == 0 && call->target.minor >= SINCE_SUMS && (usage->kinds & (KIND_VOLUMES | KIND_CONTAINERS)))
		r = container_usage_measure(call->directories, &usage->containers, err);
	if (r == 0 && (usage->kinds & KIND_BUILD_CACHE))
		r = build_cache_list(call->arena, call->directories, NULL, &usage->cache, &usage->cache_count, err);
	return r;
}

/* ---- lists ------------------------------------------------------------------------------------- */

static void write_images(struct json_writer *w, const char *key, const struct usage *usage)
{
	struct arena *arena = usage->call->arena;
	size_t count = usage->images.each_count;
	struct images_entry *entries = arena_alloc(arena, count + 1, sizeof *entries);
	uint64_t *shared = arena_alloc(arena, count + 1, sizeof *shared);

	for (size_t i = 0; i < count; i++) {
		const struct image_usage *each = &usage->images.each[i];

		entries[i] = each->entry;
		entries[i].size = each->unique_bytes + each->shared_bytes;
		entries[i].container_count = each->containers;
		shared[i] = each->shared_bytes;
	}
	api_images_write(w, key, arena, entries, count,
		&(struct api_images_style){ .minor = usage->call->target.minor, .shared = shared, .has_containers = true });
}

static int write_containers(struct json_writer *w, const char *key, const struct usage *usage, struct error *err)
{
	const struct container_list_request request = { .directories = usage->call->directories, .all = true, .size = true };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json *list;
	int r = api_containers_encode(usage->call, &request, &text, err);

	if (r == 0)
		r = json_parse(usage->call->arena, text.data, text.length, &list, err);
	if (r == 0)
		json_write_value(w, key, list);
	return r;
}

static void write_volumes(struct json_writer *w, const char *key, const struct usage *usage)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < usage->volume_count; i++) {
		const struct volume_usage *volume = &usage->volumes[i];

		json_write_open(w, NULL, '{');
		spec_volume_write_inspect(w, volume->entry.volume, volume->entry.mount_point);
		json_write_open(w, "UsageData", '{');
		json_write_uint(w, "RefCount", volume->container_count);
		json_write_uint(w, "Size", volume->bytes);
		json_write_close(w, '}');
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_moment(struct json_writer *w, const char *key, int64_t seconds)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	moment_add(&(struct timespec){ .tv_sec = seconds }, &text);
	json_write_string(w, key, text.data);
}

static void write_cache(struct json_writer *w, const char *key, const struct usage *usage)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < usage->cache_count; i++) {
		const struct build_cache_entry *entry = &usage->cache[i];

		json_write_open(w, NULL, '{');
		json_write_string(w, "ID", entry->id);
		json_write_string(w, "Type", entry->kind);
		json_write_string(w, "Description", entry->description ? entry->description : "");
		json_write_bool(w, "InUse", entry->in_use);
		json_write_bool(w, "Shared", entry->shared);
		json_write_uint(w, "Size", entry->size);
		write_moment(w, "CreatedAt", entry->created_s);
		write_moment(w, "LastUsedAt", entry->used_s);
		json_write_int(w, "UsageCount", 1);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

/* ---- the document -------------------------------------------------------------------------------- */

static int write_lists(struct json_writer *w, const struct usage *usage, struct error *err)
{
	int r = 0;

	json_write_uint(w, "LayersSize", usage->images.content_bytes);
	if (usage->kinds & KIND_IMAGES)
		write_images(w, "Images", usage);
	if (usage->kinds & KIND_CONTAINERS)
		r = write_containers(w, "Containers", usage, err);
	if (usage->kinds & KIND_VOLUMES)
		write_volumes(w, "Volumes", usage);
	if (usage->kinds & KIND_BUILD_CACHE)
		write_cache(w, "BuildCache", usage);
	if (usage->call->target.minor < SINCE_BUILDER_SIZE_LEFT_OUT)
		json_write_uint(w, "BuilderSize", 0);
	return r;
}

static void write_sum(struct json_writer *w, size_t active, size_t total, uint64_t reclaimable, uint64_t bytes)
{
	json_write_uint(w, "ActiveCount", active);
	json_write_uint(w, "TotalCount", total);
	json_write_uint(w, "Reclaimable", reclaimable);
	json_write_uint(w, "TotalSize", bytes);
}

static void write_cache_sum(struct json_writer *w, const struct usage *usage)
{
	uint64_t bytes = 0, reclaimable = 0;
	size_t active = 0;

	for (size_t i = 0; i < usage->cache_count; i++) {
		bytes += usage->cache[i].size;
		active += usage->cache[i].in_use;
		if (!usage->cache[i].in_use && !usage->cache[i].shared)
			reclaimable += usage->cache[i].size;
	}
	write_sum(w, active, usage->cache_count, reclaimable, bytes);
}

static int write_sums(struct json_writer *w, const struct usage *usage, bool verbose, struct error *err)
{
	const struct container_usage *sums = &usage->containers;
	int r = 0;

	if (usage->kinds & KIND_IMAGES) {
		json_write_open(w, "ImageUsage", '{');
		write_sum(w, usage->images.active_images, usage->images.images, usage->images.unused_bytes, usage->images.content_bytes);
		if (verbose)
			write_images(w, "Items", usage);
		json_write_close(w, '}');
	}
	if (usage->kinds & KIND_CONTAINERS) {
		json_write_open(w, "ContainerUsage", '{');
		write_sum(w, sums->running, sums->containers, sums->stopped_bytes, sums->bytes);
		if (verbose)
			r = write_containers(w, "Items", usage, err);
		json_write_close(w, '}');
	}
	if (usage->kinds & KIND_VOLUMES) {
		json_write_open(w, "VolumeUsage", '{');
		write_sum(w, sums->mounted_volumes, sums->volumes, sums->unmounted_bytes, sums->volume_bytes);
		if (verbose)
			write_volumes(w, "Items", usage);
		json_write_close(w, '}');
	}
	if (usage->kinds & KIND_BUILD_CACHE) {
		json_write_open(w, "BuildCacheUsage", '{');
		write_cache_sum(w, usage);
		if (verbose)
			write_cache(w, "Items", usage);
		json_write_close(w, '}');
	}
	return r;
}

int api_system_df(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct usage usage = { .call = call };
	int r = choose_kinds(call, &usage.kinds, err);

	if (r == 0)
		r = measure(&usage, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	if (call->target.minor < SINCE_SUMS)
		r = write_lists(&w, &usage, err);
	else
		r = write_sums(&w, &usage, api_target_flag(&call->target, "verbose", false), err);
	json_write_close(&w, '}');
	return r < 0 ? r : api_reply_json(call, 200, &document, err);
}
