/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the target stages become. An image that was made of the very same before
 * is found by that, and gets its names without anything being written anew.
 */
#include "engine/build_cache.h"
#include "engine/build_cache_export.h"
#include "engine/build_config.h"
#include "engine/build_output.h"
#include "engine/build_squash.h"
#include "engine/build_statements.h"
#include "engine/builder.h"
#include "engine/image_event.h"
#include "spec/reference.h"
#include "store/blobs.h"

/* An image, or several under an index, on its way. */
struct export {
	struct build *build;
	const struct build_output *output; /* of the image */
	size_t vertex;
	struct spec_build_image work;
	struct build_stage **targets; /* one for each platform */
	size_t chosen;                /* of those: it is for this machine */
	const char *created, *key;
	struct build_annotations annotations;
	struct image image; /* as it came out */
};

/* ---- names --------------------------------------------------------------------------------- */

static int add_name(struct export *export, const char *text, struct error *err)
{
	struct arena *arena = export->build->arena;
	struct spec_reference reference;
	char *name;
	int r = spec_reference_parse(arena, text, &reference, err);

	if (r < 0)
		return r;
	if (reference.digest)
		return error_set(err, ERROR_INVALID, 0, "'%.280s': the digest of a new image is what it comes out as, it cannot be its name", text);
	spec_reference_add_default_tag(&reference);
	name = spec_reference_text(arena, &reference);
	if (!strv_contains(export->work.names, name))
		export->work.names[strv_length(export->work.names)] = name;
	return 0;
}

static int add_names(struct export *export, struct error *err)
{
	char **tags = export->build->request->tags, **more = export->output->names;
	int r = 0;

	export->work.names = arena_alloc(export->build->arena, (tags ? strv_length(tags) : 0) + (more ? strv_length(more) : 0) + 1, sizeof(char *));
	for (; r == 0 && tags && *tags; tags++)
		r = add_name(export, *tags, err);
	for (; r == 0 && more && *more; more++)
		r = add_name(export, *more, err);
	return r;
}

/* ---- what it is made of ---------------------------------------------------------------------------- */

/* When its last layer was made, or the epoch; now if all are its base image's. */
static const char *created_at(const struct export *export)
{
	const struct build_stage *stage = export->targets[0];

	if (export->build->request->has_epoch)
		return build_now(export->build);
	for (;;) {
		for (size_t i = stage->plan->step_count; i-- > 0;)
			if (stage->created[i])
				return stage->created[i];
		if (stage->outline->base.kind != ORIGIN_STAGE)
			return build_now(export->build);
		stage = &stage->platform->stages[stage->outline->base.stage];
	}
}

static void add_layers(const struct build *build, const struct build_stage *stage, struct spec_build_image_part *part)
{
	part->layers = arena_alloc(build->arena, stage->files.count + 1, sizeof *part->layers);
	part->layer_count = stage->files.count;
	for (size_t i = 0; i < stage->files.count; i++) {
		const struct build_layer *layer = &stage->files.layers[i];
		bool is_there = layer->blob && blob_exists(&build->store, layer->blob, layer->blob_size);

		part->layers[i] = (struct spec_build_image_layer){ .chain_id = (char *)layer->chain_id, .diff_id = (char *)layer->diff_id };
		if (!is_there)
			continue;
		part->layers[i].digest = (char *)layer->blob;
		part->layers[i].media_type = (char *)layer->media_type;
		part->layers[i].size = layer->blob_size;
	}
}

/* With the build's cache in it, if that is to be; CREATED is NULL for a key. */
static char *config_text(const struct export *export, const struct build_stage *stage, const char *created)
{
	const char *cache = build_cache_export_inline(export->build, !created);
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_image_config_encode(build_config_make(export->build, stage, created), &text);
	if (cache && text.length && text.data[text.length - 1] == '}') {
		text.length--;
		buf_printf(&text, ",\"" SPEC_BUILD_CACHE_MEMBER "\":%s}", cache);
	}
	return arena_strndup(export->build->arena, text.data, text.length);
}

static void add_parts(struct export *export)
{
	struct build *build = export->build;

	export->work.parts = arena_alloc(build->arena, build->platform_count + 1, sizeof *export->work.parts);
	export->work.part_count = build->platform_count;
	for (size_t i = 0; i < build->platform_count; i++) {
		struct spec_build_image_part *part = &export->work.parts[i];

		part->config = config_text(export, export->targets[i], export->created);
		part->platform = (char *)build->platforms[i].text;
		add_layers(build, export->targets[i], part);
	}
}

static void add_form(struct export *export)
{
	const struct build_output *output = export->output;

	export->work.created = (char *)export->created;
	export->work.is_unlisted = output->kind != BUILD_OUTPUT_IMAGE;
	export->work.docker_types = output->docker_types;
	export->work.compression = (char *)output->compression;
	export->work.force_compression = output->force_compression;
	export->work.compression_level = output->compression_level;
}

static void add_pairs(const char *what, const struct spec_pair *pairs, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s %s=%s\n", what, pairs[i].key, pairs[i].value);
}

/* All that it comes from, but when. */
static void make_key(struct export *export)
{
	_cleanup_buf_ struct buf text = BUF_INIT, form = BUF_INIT;
	struct spec_build_image without = export->work;

	without.names = NULL;
	without.is_unlisted = false;
	without.created = NULL;
	without.parts = NULL;
	without.part_count = 0;
	spec_build_image_encode(&without, &form);
	buf_printf(&text, "bivy image 1\n%s", form.data);
	for (size_t i = 0; i < export->build->platform_count; i++) {
		const struct spec_build_image_part *part = &export->work.parts[i];

		buf_printf(&text, "%s\n", config_text(export, export->targets[i], NULL));
		for (size_t n = 0; n < export->targets[i]->files.count; n++)
			buf_printf(&text, "%s\n", export->targets[i]->files.layers[n].chain_id);
		add_pairs("manifest", part->annotations, part->annotation_count, &text);
		add_pairs("statement", part->statements, part->statement_count, &text);
		add_pairs("descriptor", part->descriptor_annotations, part->descriptor_annotation_count, &text);
	}
	export->key = arena_strndup(export->build->arena, text.data, text.length);
}

/* ---- attestations ---------------------------------------------------------------------------------- */

static int add_statements(struct export *export, enum build_statements_for purpose, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < export->work.part_count; i++) {
		struct spec_build_image_part *part = &export->work.parts[i];
		struct build_statements statements;

		r = build_statements_make(export->build, i, &export->targets[i]->files, purpose, &statements, err);
		part->statements = statements.list;
		part->statement_count = statements.count;
	}
	return r;
}

/* ---- made before ------------------------------------------------------------------------------------- */

static struct image image_of(const struct export *export, const struct spec_build_record *record)
{
	return (struct image){ .media_type = record->image_media_type, .target = record->image_target, .target_size = record->image_target_size,
		.manifest = record->image_manifest, .id = record->image_id, .top_layer = (char *)build_files_top(&export->targets[export->chosen]->files),
		.platform = record->image_platform, .created = record->created, .size = record->size };
}

static int hold_image(const struct export *export, struct error *err)
{
	int r = lease_add(&export->build->lease, export->image.target, err);

	return r < 0 ? r : lease_add(&export->build->lease, export->image.manifest, err);
}

/* Its documents and blobs, which nobody may have removed meanwhile: in the lease, and then still there. */
static bool find_image(struct export *export)
{
	struct build *build = export->build;
	struct spec_build_record record = { .key = NULL };

	if (build_cache_find(build->arena, build->directories, BUILD_CACHE_RESULTS, export->key, &record) <= 0 || !record.image_target ||
	    !record.image_manifest || !record.image_id)
		return false;
	export->image = image_of(export, &record);
	if (hold_image(export, NULL) < 0)
		return false;
	return build_output_is_whole(build, &export->image);
}

static bool has_name(struct export *export, const char *name)
{
	struct image image;

	return image_find(&export->build->store, export->build->arena, name, &image, NULL) == 0 && str_equal(image.name, name) &&
	       str_equal(image.target, export->image.target);
}

/* The names that it does not have yet; without any it stays as one without. */
static int give_names(struct export *export, struct error *err)
{
	struct image image = export->image, found;
	int r = 0;

	if (export->work.is_unlisted)
		return 0;
	if (!export->work.names[0] && image_find(&export->build->store, export->build->arena, image.id, &found, NULL) < 0)
		r = image_put(&export->build->store, &image, err);
	for (char **name = export->work.names; r == 0 && *name; name++) {
		image.name = *name;
		if (has_name(export, *name))
			continue;
		r = image_put(&export->build->store, &image, err);
		if (r == 0)
			image_event_add(export->build->directories, "tag", image.id, *name);
	}
	return r;
}

/* ---- making it ------------------------------------------------------------------------------------------- */

int build_output_remember_blob(const struct build *build, const struct build_layer *layer, const struct spec_build_image_layer *made, struct error *err)
{
	struct spec_build_record record;

	if (!layer->key || !made->digest || str_equal(layer->blob, made->digest) ||
	    build_cache_find(build->arena, build->directories, BUILD_CACHE_STEPS, layer->key, &record) <= 0)
		return 0;
	record.blob = made->digest;
	record.blob_media_type = made->media_type;
	record.blob_size = made->size;
	return build_cache_put(build->directories, BUILD_CACHE_STEPS, &record, err);
}

/* Where the blobs of layers are, for the next image that has them. */
static int remember_blobs(const struct export *export, const struct spec_build_image_report *report, struct error *err)
{
	const struct build *build = export->build;
	int r = 0;

	for (size_t i = 0; i < report->part_count && i < build->platform_count; i++)
		for (size_t n = 0; r == 0 && n < report->parts[i].layer_count && n < export->targets[i]->files.count; n++)
			r = build_output_remember_blob(build, &export->targets[i]->files.layers[n], &report->parts[i].layers[n], err);
	return r;
}

static int remember_image(struct export *export, const struct spec_build_image_report *report, struct error *err)
{
	size_t chosen = export->chosen < report->part_count ? export->chosen : 0;
	const struct spec_build_record record = { .key = (char *)export->key, .created = (char *)export->created,
		.image_id = report->part_count ? report->parts[chosen].id : report->id,
		.image_target = report->digest, .image_media_type = report->media_type, .image_target_size = report->size,
		.image_manifest = report->part_count ? report->parts[chosen].digest : report->digest,
		.image_platform = (char *)export->build->platforms[chosen].text,
		.size = build_output_size(export->build, &export->targets[chosen]->files) };

	export->image = image_of(export, &record);
	return build_cache_put(export->build->directories, BUILD_CACHE_RESULTS, &record, err);
}

static int make_image(struct export *export, struct error *err)
{
	struct build *build = export->build;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct build_transfer transfer = { build, export->vertex };
	const struct builder_request request = { .directories = build->directories, .command = "image", .work = &text, .lease = &build->lease,
		.tell = build_tell_transfer, .context = &transfer };
	struct spec_build_image_report report = { .id = NULL };
	const char *answer = NULL;
	int r = add_statements(export, BUILD_STATEMENTS_IMAGE, err);

	if (r < 0)
		return r;
	spec_build_image_encode(&export->work, &text);
	r = builder_run(build->arena, &request, &answer, err);
	if (r == 0)
		r = spec_build_image_report_decode(build->arena, answer, strlen(answer), &report, err);
	if (r == 0)
		r = remember_image(export, &report, err);
	if (r == 0)
		r = hold_image(export, err);
	if (r == 0 && export->work.is_unlisted && !build_output_is_whole(build, &export->image))
		r = error_set(err, ERROR_UNAVAILABLE, 0, "the image '%s' was removed while it was needed", export->image.target);
	if (r == 0)
		r = remember_blobs(export, &report, err);
	for (char **name = export->work.names; r == 0 && *name && !export->work.is_unlisted; name++)
		image_event_add(build->directories, "tag", export->image.id, *name);
	return r;
}

static void report_image(const struct export *export)
{
	struct build_report *report = export->build->report;

	report->image_id = export->image.id;
	report->digest = export->image.target;
	report->media_type = export->image.media_type;
	report->target_size = export->image.target_size;
	report->annotations = export->annotations.pairs;
	report->annotation_count = export->annotations.count;
	report->size = export->image.size;
	report->names = export->work.names;
	report->provenance_count = 0;
	for (size_t i = 0; i < export->work.part_count; i++)
		build_statements_report(export->build, i, &(struct build_statements){ export->work.parts[i].statements, export->work.parts[i].statement_count });
}

/* The number of the platform that this machine runs best; the first if it runs none. */
static size_t choose_platform(const struct build *build)
{
	unsigned best_rank = SPEC_PLATFORM_NO_MATCH;
	size_t best = 0;

	for (size_t i = 0; i < build->platform_count; i++) {
		unsigned rank = spec_platform_rank(&build->build_platform, &build->platforms[i].platform);

		if (rank < best_rank) {
			best_rank = rank;
			best = i;
		}
	}
	return best;
}

static int choose_targets(struct export *export, struct error *err)
{
	struct build *build = export->build;
	int r = 0;

	export->targets = arena_alloc(build->arena, build->platform_count + 1, sizeof(struct build_stage *));
	for (size_t i = 0; r == 0 && i < build->platform_count; i++) {
		export->targets[i] = &build->platforms[i].stages[build->platforms[i].outline->target];
		if (build->request->squash)
			r = build_squash(build, export->targets[i], &export->targets[i], err);
	}
	return r;
}

static int prepare(struct export *export, struct error *err)
{
	struct build *build = export->build;
	int r;

	r = choose_targets(export, err);
	if (r < 0)
		return r;
	export->chosen = choose_platform(build);
	export->created = created_at(export);
	add_form(export);
	add_parts(export);
	r = build_annotations_add(build, export->output, &export->work, &export->annotations, err);
	if (r < 0)
		return r;
	r = add_statements(export, BUILD_STATEMENTS_KEY, err);
	if (r < 0)
		return r;
	make_key(export);
	return add_names(export, err);
}

/* As BuildKit words it. */
static void tell_result(const struct export *export)
{
	struct build *build = export->build;
	bool is_index = !str_equal(export->image.target, export->image.manifest);

	build_tell_status(build, export->vertex, "exporting manifest %s", export->image.manifest);
	build_tell_status(build, export->vertex, "exporting config %s", export->image.id);
	if (is_index)
		build_tell_status(build, export->vertex, "exporting manifest list %s", export->image.target);
	for (char **name = export->work.names; *name && !export->work.is_unlisted; name++)
		build_tell_status(build, export->vertex, "naming to %s", *name);
}

int build_export_image(struct build *build, const struct build_output *output, size_t vertex, struct build_exported *ret, struct error *err)
{
	struct export export = { .build = build, .output = output, .vertex = vertex };
	int r = prepare(&export, err);

	if (r < 0)
		return r;
	build_tell_status(build, vertex, "exporting layers");
	r = !build->request->no_cache && find_image(&export) ? give_names(&export, err) : make_image(&export, err);
	if (r < 0)
		return r;
	tell_result(&export);
	report_image(&export);
	*ret = (struct build_exported){ export.image, export.work.names, export.annotations };
	return 0;
}
