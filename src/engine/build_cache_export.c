/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_cache_export.h"
#include "engine/build_import.h"
#include "engine/build_mounts.h"
#include "engine/build_output.h"
#include "engine/builder.h"
#include "engine/transfer.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/layers.h"

/* A cache on its way to one place. */
struct export {
	struct build *build;
	const struct build_cache_place *place;
	size_t vertex;
	struct build_files known; /* layers that steps made, each key once */
	struct spec_build_cache cache;
	struct spec_build_image_layer *layers;   /* as .cache.layers: those of the manifest */
	const struct build_layer **sources;      /* of those: NULL for mounts */
	size_t capacity;
	struct build_import_blob *missing;       /* that have to come from another place first */
	size_t missing_count;
	int *locks;                              /* of cache mounts, until their blobs are made */
	size_t lock_count;
};

static void export_done(struct export *export)
{
	while (export->lock_count > 0)
		close(export->locks[--export->lock_count]);
}

/* ---- what steps made --------------------------------------------------------------------------- */

static bool is_known(const struct build_files *known, const char *key)
{
	for (size_t i = 0; i < known->count; i++)
		if (str_equal(known->layers[i].key, key))
			return true;
	return false;
}

static void add_known(const struct build *build, const struct build_files *files, struct build_files *known)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->layers[i].key && !is_known(known, files->layers[i].key))
			build_files_add(build->arena, known, &files->layers[i]);
}

static struct build_files list_known(const struct build *build)
{
	struct build_files known = { .layers = NULL };

	for (size_t i = 0; i < build->platform_count; i++)
		for (size_t n = 0; n < build->platforms[i].outline->stage_count; n++)
			add_known(build, &build->platforms[i].stages[n].files, &known);
	return known;
}

static struct spec_build_cache_record make_record(const struct build *build, const struct build_layer *layer)
{
	struct spec_build_cache_record record = { .keys = arena_alloc(build->arena, 3, sizeof *record.keys), .diff_id = (char *)layer->diff_id,
		.created = (char *)layer->created, .title = (char *)layer->title };

	record.keys[0] = arena_alloc(build->arena, SHA256_HEX_SIZE, 1);
	sha256_hex(layer->key, strlen(layer->key), record.keys[0]);
	record.keys[1] = (char *)layer->content_key;
	return record;
}

static void add_records(const struct build *build, const struct build_files *known, struct spec_build_cache *cache)
{
	cache->records = arena_alloc(build->arena, known->count + 1, sizeof *cache->records);
	for (size_t i = 0; i < known->count; i++)
		cache->records[cache->record_count++] = make_record(build, &known->layers[i]);
}

/* With this argument, as BuildKit has it, too. */
static bool is_inline(const struct build *build)
{
	const char *argument = build_argument(build, "BUILDKIT_INLINE_CACHE");

	for (size_t i = 0; i < build->request->cache_to_count; i++)
		if (str_equal(build->request->cache_to[i].type, "inline"))
			return true;
	return str_equal(argument, "1") || str_equal(argument, "true");
}

const char *build_cache_export_inline(const struct build *build, bool is_key)
{
	struct build_files known = { .layers = NULL };
	struct spec_build_cache cache = { .record_count = 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!is_inline(build))
		return NULL;
	known = list_known(build);
	add_records(build, &known, &cache);
	for (size_t i = 0; is_key && i < cache.record_count; i++)
		cache.records[i].created = (char *)"";
	spec_build_cache_encode(&cache, &text);
	return arena_strndup(build->arena, text.data, text.length);
}

/* ---- which layers -------------------------------------------------------------------------------- */

static void add_layer(struct export *export, const struct spec_build_image_layer *layer, const struct build_layer *source)
{
	struct spec_build_cache *cache = &export->cache;

	cache->layers[cache->layer_count] = (struct spec_build_cache_layer){ .diff_id = layer->diff_id };
	export->sources[cache->layer_count] = source;
	export->layers[cache->layer_count++] = *layer;
}

static bool is_same_place(const struct build_cache_place *one, const struct build_cache_place *other)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_reference a, b;

	if (!str_equal(one->type, "registry") || !str_equal(other->type, "registry"))
		return str_equal(one->type, other->type) && str_equal(one->directory, other->directory);
	return spec_reference_parse(arena, one->reference, &a, NULL) == 0 && spec_reference_parse(arena, other->reference, &b, NULL) == 0 &&
	       spec_reference_same_repository(&a, &b);
}

/* What is elsewhere, as it is there; it must come first if that is not where it goes. */
static int add_elsewhere(struct export *export, const struct build_import_blob *blob, const char *diff_id, struct error *err)
{
	struct build *build = export->build;
	const struct spec_build_image_layer layer = { .diff_id = (char *)diff_id, .digest = blob->layer->digest, .media_type = blob->layer->media_type,
		.size = blob->layer->size, .is_elsewhere = true };
	int r = lease_add(&build->lease, layer.digest, err);

	add_layer(export, &layer, NULL);
	if (!is_same_place(&build->request->cache_from[blob->place], export->place) && !blob_exists(&build->store, layer.digest, layer.size))
		export->missing[export->missing_count++] = *blob;
	return r;
}

static bool has_layer(const struct export *export, const char *diff_id)
{
	for (size_t i = 0; i < export->cache.layer_count; i++)
		if (str_equal(export->cache.layers[i].diff_id, diff_id))
			return true;
	return false;
}

/* One that is nowhere any more is left out: its record tells that there was one. */
static int choose_layer(struct export *export, const struct build_layer *layer, struct error *err)
{
	struct build *build = export->build;
	struct spec_build_image_layer chosen = { .chain_id = (char *)layer->chain_id, .diff_id = (char *)layer->diff_id };
	struct build_import_blob blob;
	int r;

	if (has_layer(export, layer->diff_id))
		return 0;
	r = lease_add(&build->lease, layer->chain_id, err);
	if (r == 0 && layer->blob)
		r = lease_add(&build->lease, layer->blob, err);
	if (r < 0)
		return r;
	if (!layer_exists(&build->store, layer->chain_id))
		return build_imports_find_blob(build, layer->diff_id, &blob) ? add_elsewhere(export, &blob, layer->diff_id, err) : 0;
	if (layer->blob && blob_exists(&build->store, layer->blob, layer->blob_size)) {
		chosen.digest = (char *)layer->blob;
		chosen.media_type = (char *)layer->media_type;
		chosen.size = layer->blob_size;
	}
	add_layer(export, &chosen, layer);
	return 0;
}

static int choose_layers(struct export *export, struct error *err)
{
	const struct build *build = export->build;
	int r = 0;

	for (size_t i = 0; r == 0 && export->place->is_maximal && i < export->known.count; i++)
		r = choose_layer(export, &export->known.layers[i], err);
	for (size_t i = 0; r == 0 && !export->place->is_maximal && i < build->platform_count; i++) {
		const struct build_platform *platform = &build->platforms[i];
		const struct build_files *files = &platform->stages[platform->outline->target].files;

		for (size_t n = 0; r == 0 && n < files->count; n++)
			if (files->layers[n].key)
				r = choose_layer(export, &files->layers[n], err);
	}
	return r;
}

/* ---- cache mounts ---------------------------------------------------------------------------------- */

static bool has_mount(const struct export *export, const char *id)
{
	for (size_t i = 0; i < export->cache.mount_count; i++)
		if (str_equal(export->cache.mounts[i].id, id))
			return true;
	return false;
}

static int choose_mount(struct export *export, const char *id, struct error *err)
{
	struct build *build = export->build;
	struct spec_build_image_layer layer = { .chain_id = NULL };
	struct build_import_blob blob;
	const char *path = NULL;
	int fd = -EBADF, r;

	if (has_mount(export, id))
		return 0;
	r = build_mounts_lock(build, id, &path, &fd, err);
	if (r < 0)
		return r;
	if (r == 0 && !build_imports_find_mount(build, id, &blob))
		return 0;
	export->cache.mounts[export->cache.mount_count++] = (struct spec_build_cache_mount){ (char *)id, export->cache.layer_count };
	if (r == 0)
		return add_elsewhere(export, &blob, NULL, err);
	export->locks[export->lock_count++] = fd;
	layer.directory = (char *)path;
	add_layer(export, &layer, NULL);
	return 0;
}

static int choose_mounts_of(struct export *export, const struct build_stage *stage, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && stage->plan && i < stage->plan->step_count; i++)
		for (size_t n = 0; r == 0 && n < stage->plan->steps[i].mount_count; n++) {
			const struct run_mount *mount = stage->plan->steps[i].mounts[n].mount;

			if (mount->kind == RUN_MOUNT_CACHE)
				r = choose_mount(export, build_mounts_id(mount), err);
		}
	return r;
}

static int choose_mounts(struct export *export, struct error *err)
{
	const struct build *build = export->build;
	int r = 0;

	for (size_t i = 0; export->place->with_mounts && i < build->platform_count; i++)
		for (size_t n = 0; r == 0 && n < build->platforms[i].outline->stage_count; n++)
			r = choose_mounts_of(export, &build->platforms[i].stages[n], err);
	return r;
}

static size_t count_mounts(const struct build *build)
{
	size_t count = 0;

	for (size_t i = 0; i < build->platform_count; i++)
		for (size_t n = 0; n < build->platforms[i].outline->stage_count; n++) {
			const struct plan_stage *plan = build->platforms[i].stages[n].plan;

			for (size_t s = 0; plan && s < plan->step_count; s++)
				count += plan->steps[s].mount_count;
		}
	return count;
}

/* ---- the artifact ------------------------------------------------------------------------------------- */

static int choose(struct export *export, struct error *err)
{
	struct arena *arena = export->build->arena;
	size_t mounts = count_mounts(export->build), count;
	int r;

	export->known = list_known(export->build);
	count = export->known.count + mounts + 1;
	export->cache.layers = arena_alloc(arena, count, sizeof *export->cache.layers);
	export->cache.mounts = arena_alloc(arena, mounts + 1, sizeof *export->cache.mounts);
	export->layers = arena_alloc(arena, count, sizeof *export->layers);
	export->sources = arena_alloc(arena, count, sizeof *export->sources);
	export->missing = arena_alloc(arena, count, sizeof *export->missing);
	export->locks = arena_alloc(arena, mounts + 1, sizeof *export->locks);
	add_records(export->build, &export->known, &export->cache);
	r = choose_layers(export, err);
	return r == 0 ? choose_mounts(export, err) : r;
}

/* Those of one place at a time. */
static int get_missing(struct export *export, struct error *err)
{
	struct build *build = export->build;
	struct build_import_blob *list = arena_alloc(build->arena, export->missing_count + 1, sizeof *list);
	int r = 0;

	for (size_t place = 0; r == 0 && export->missing_count && place < build->request->cache_from_count; place++) {
		size_t count = 0;

		for (size_t i = 0; i < export->missing_count; i++)
			if (export->missing[i].place == place)
				list[count++] = export->missing[i];
		r = build_imports_fetch_blobs(build, list, count, NULL, export->vertex, err);
	}
	return r;
}

/* A lease names each blob for itself. */
static int hold(struct export *export, const struct spec_build_image_report *report, struct error *err)
{
	struct build *build = export->build;
	const struct spec_build_image_made *made = &report->parts[0];
	int r = lease_add(&build->lease, report->digest, err);

	if (r == 0)
		r = lease_add(&build->lease, made->id, err);
	for (size_t i = 0; r == 0 && i < made->layer_count; i++)
		r = lease_add(&build->lease, made->layers[i].digest, err);
	if (r == 0 && !blob_exists(&build->store, report->digest, UINT64_MAX))
		r = error_set(err, ERROR_UNAVAILABLE, 0, "the cache '%s' was removed while it was needed", report->digest);
	return r;
}

static int remember(struct export *export, const struct spec_build_image_report *report, struct error *err)
{
	const struct spec_build_image_made *made = &report->parts[0];
	int r = 0;

	for (size_t i = 0; r == 0 && i < made->layer_count && i < export->cache.layer_count; i++)
		if (export->sources[i])
			r = build_output_remember_blob(export->build, export->sources[i], &made->layers[i], err);
	return r;
}

static int make(struct export *export, const char **ret_digest, struct error *err)
{
	struct build *build = export->build;
	_cleanup_buf_ struct buf config = BUF_INIT, text = BUF_INIT;
	struct build_transfer transfer = { build, export->vertex };
	const struct builder_request request = { .directories = build->directories, .command = "image", .work = &text, .lease = &build->lease,
		.tell = build_tell_transfer, .context = &transfer };
	struct spec_build_image_part part = { .artifact_type = (char *)SPEC_BUILD_CACHE_TYPE, .platform = (char *)build->platforms[0].text,
		.layers = export->layers, .layer_count = export->cache.layer_count };
	const struct spec_build_image work = { .parts = &part, .part_count = 1, .compression = (char *)export->place->compression,
		.compression_level = export->place->compression_level, .force_compression = export->place->force_compression, .is_unlisted = true };
	struct spec_build_image_report report = { .id = NULL };
	const char *answer = NULL;
	int r;

	spec_build_cache_encode(&export->cache, &config);
	part.config = config.data;
	spec_build_image_encode(&work, &text);
	r = builder_run(build->arena, &request, &answer, err);
	if (r == 0)
		r = spec_build_image_report_decode(build->arena, answer, strlen(answer), &report, err);
	if (r == 0 && report.part_count != 1)
		r = error_set(err, ERROR_INTERNAL, 0, "bivy-builder has made %zu caches", report.part_count);
	if (r == 0)
		r = hold(export, &report, err);
	if (r == 0)
		r = remember(export, &report, err);
	*ret_digest = report.digest;
	return r;
}

static int send(struct export *export, const char *digest, struct error *err)
{
	struct build *build = export->build;
	struct build_transfer transfer = { build, export->vertex };
	const char *arguments[BUILD_IMPORT_ARGUMENTS + 4] = { "cache-export" }, *text = NULL;
	const struct transfer_request request = { .directories = build->directories, .arguments = arguments, .tell = build_tell_transfer, .context = &transfer };
	size_t count = build_imports_add_arguments(build, export->place, arguments, 1);

	arguments[count++] = "--";
	arguments[count] = digest;
	build_tell_status(build, export->vertex, "writing cache manifest %s", digest);
	return transfer_run(build->arena, &request, &text, err);
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

static int write_cache(struct build *build, const struct build_cache_place *place, size_t vertex, struct error *err)
{
	_cleanup_(export_done) struct export export = { .build = build, .place = place, .vertex = vertex };
	const char *digest = NULL;
	int r;

	build_tell_status(build, vertex, "preparing build cache for export");
	r = choose(&export, err);
	if (r == 0)
		r = get_missing(&export, err);
	if (r == 0)
		r = make(&export, &digest, err);
	return r < 0 ? r : send(&export, digest, err);
}

static int export_cache(struct build *build, const struct build_cache_place *place, struct error *err)
{
	const char *title = str_equal(place->type, "local") ? "exporting cache to client directory" : "exporting cache to registry";
	size_t vertex = build_add_vertex(build, title, NULL, 0);
	struct error own = ERROR_INIT;
	int r;

	build_tell(build, vertex, BUILD_STARTED);
	r = write_cache(build, place, vertex, &own);
	if (r < 0)
		error_wrap(&own, "cannot write the cache '%s'", build_imports_title(place));
	if (r < 0 && !place->ignores_errors) {
		build_tell_failure(build, vertex, &own);
		if (err)
			*err = own;
		return r;
	}
	if (r < 0)
		build_warn(build, "%s", own.message);
	build_tell(build, vertex, BUILD_DONE);
	return 0;
}

/* What one place no longer has once it is written may have to go to another: all of it comes first. */
static void get_all(struct build *build)
{
	const struct build_request *request = build->request;
	size_t vertex;

	if (!build->imports || request->cache_to_count < 2)
		return;
	vertex = build_add_vertex(build, "preparing build caches for export", NULL, 0);
	build_tell(build, vertex, BUILD_STARTED);
	for (size_t i = 0; i < request->cache_to_count; i++) {
		_cleanup_(export_done) struct export export = { .build = build, .place = &request->cache_to[i], .vertex = vertex };

		if (!str_equal(export.place->type, "inline") && choose(&export, NULL) == 0)
			ignore_result(get_missing(&export, NULL)); /* whoever needs it says so */
	}
	build_tell(build, vertex, BUILD_DONE);
}

int build_export_caches(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	int r = 0;

	get_all(build);
	for (size_t i = 0; r == 0 && i < request->cache_to_count; i++)
		if (!str_equal(request->cache_to[i].type, "inline"))
			r = export_cache(build, &request->cache_to[i], err);
	return r;
}
