/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_squash.h"

#include "engine/build_cache.h"
#include "engine/build_step.h"
#include "engine/builder.h"

size_t build_squash_base(const struct build_stage *stage)
{
	while (stage->outline->base.kind == ORIGIN_STAGE)
		stage = &stage->platform->stages[stage->outline->base.stage];
	return stage->base ? stage->base->files.count : 0;
}

/* Where it is in the cache: of the same layers the same comes out. */
static const char *make_key(const struct build *build, const struct spec_build_layer *work)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "bivy squash 1\nparent %s\n", work->parent ? work->parent : "none");
	for (char **chain_id = work->merge; *chain_id; chain_id++)
		buf_printf(&text, "layer %s\n", *chain_id);
	return arena_strndup(build->arena, text.data, text.length);
}

static bool find(struct build *build, struct build_layer *layer)
{
	struct spec_build_record record = { .key = NULL };

	if (build->request->no_cache || build_cache_find(build->arena, build->directories, BUILD_CACHE_STEPS, layer->key, &record) <= 0 ||
	    !record.chain_id || !record.diff_id || build_hold_layer(build, record.chain_id, NULL) < 0)
		return false;
	*layer = (struct build_layer){ .chain_id = record.chain_id, .diff_id = record.diff_id, .created = record.created, .blob = record.blob,
		.media_type = record.blob_media_type, .blob_size = record.blob_size, .key = layer->key };
	return true;
}

static int make(struct build *build, const struct spec_build_layer *work, struct build_layer *layer, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct builder_request request = { .directories = build->directories, .command = "layer", .work = &text, .lease = &build->lease };
	struct spec_build_layer_report report = { .chain_id = NULL };
	struct spec_build_record record = { .key = (char *)layer->key, .description = (char *)"squash", .created = (char *)layer->created };
	const char *answer = NULL;
	int r;

	spec_build_layer_encode(work, &text);
	r = builder_run(build->arena, &request, &answer, err);
	if (r == 0)
		r = spec_build_layer_report_decode(build->arena, answer, strlen(answer), &report, err);
	if (r == 0)
		r = build_hold_layer(build, report.chain_id, err);
	if (r < 0)
		return r;
	layer->chain_id = record.chain_id = report.chain_id;
	layer->diff_id = record.diff_id = report.diff_id;
	return build_cache_put(build->directories, BUILD_CACHE_STEPS, &record, err);
}

int build_squash(struct build *build, struct build_stage *stage, struct build_stage **ret_stage, struct error *err)
{
	struct build_stage *squashed = arena_alloc(build->arena, 1, sizeof *squashed);
	size_t base = build_squash_base(stage), count = stage->files.count;
	struct build_layer layer = { .created = build_now(build) };
	struct spec_build_layer work = { .parent = base ? (char *)stage->files.layers[base - 1].chain_id : NULL,
		.merge = arena_alloc(build->arena, count + 1, sizeof(char *)) };
	int r = 0;

	*ret_stage = stage;
	if (count < base + 2)
		return 0;
	for (size_t i = base; i < count; i++)
		work.merge[i - base] = (char *)stage->files.layers[i].chain_id;
	layer.key = make_key(build, &work);
	if (!find(build, &layer))
		r = make(build, &work, &layer, err);
	if (r < 0)
		return r;
	*squashed = *stage;
	squashed->files = (struct build_files){ .layers = NULL };
	for (size_t i = 0; i < base; i++)
		build_files_add(build->arena, &squashed->files, &stage->files.layers[i]);
	build_files_add(build->arena, &squashed->files, &layer);
	*ret_stage = squashed;
	return 0;
}
