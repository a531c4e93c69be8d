/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of all platforms as one graph: a stage goes on as soon as what its
 * next step needs is there; what was done before costs nothing, what was not is
 * a process, as many at once as there may be.
 */
#include "engine/build_cache.h"
#include "engine/build_digests.h"
#include "engine/build_import.h"
#include "engine/build_warnings.h"
#include "engine/build_worker.h"
#include "store/layers.h"

struct graph {
	struct build *build;
	struct build_stage **stages; /* those that are needed, in the order of the file; the build's own */
	size_t count;
	struct build_workers *workers;
	bool is_stale; /* all stages are to begin anew (build_import.h) */
};

/* ---- plans --------------------------------------------------------------------------------- */

const struct build_image *build_find_image(const struct build_platform *platform, const struct origin *origin)
{
	for (size_t i = 0; i < platform->image_count; i++) {
		const struct origin *other = &platform->images[i].origin;

		if (str_equal(other->name, origin->name) && str_equal(other->platform.os, origin->platform.os) &&
		    str_equal(other->platform.architecture, origin->platform.architecture) && str_equal(other->platform.variant, origin->platform.variant))
			return &platform->images[i];
	}
	return NULL;
}

const struct build_files *build_origin_files(const struct build_platform *platform, const struct origin *origin)
{
	const struct build_image *image;

	if (origin->kind == ORIGIN_STAGE)
		return &platform->stages[origin->stage].files;
	image = origin->kind == ORIGIN_IMAGE ? build_find_image(platform, origin) : NULL;
	return image ? &image->files : NULL;
}

static struct plan_base base_of(struct build_stage *stage)
{
	const struct origin *origin = &stage->outline->base;

	if (origin->kind == ORIGIN_STAGE)
		return (struct plan_base){ .stage = stage->platform->stages[origin->stage].plan };
	stage->base = origin->kind == ORIGIN_IMAGE ? build_find_image(stage->platform, origin) : NULL;
	if (!stage->base)
		return (struct plan_base){ .execution = NULL };
	return (struct plan_base){ .execution = &stage->base->config->execution, .author = stage->base->config->author };
}

static const char *title_of(const struct build *build, const struct build_stage *stage, const struct plan_step *step)
{
	const char *platform = build->platform_count > 1 ? arena_printf(build->arena, "%s ", stage->platform->text) : "";

	if (stage->platform->outline->stage_count > 1 || build->platform_count > 1)
		return arena_printf(build->arena, "[%s%s %zu/%zu] %s", platform, stage->plan->title, step->number, step->count, step->shown);
	return arena_printf(build->arena, "[%zu/%zu] %s", step->number, step->count, step->shown);
}

static void add_vertices(struct build *build, struct build_stage *stage)
{
	static const struct dockerfile_mark nowhere = { .line = 0 };
	size_t count = stage->plan->step_count, last = (size_t)-1;

	stage->vertices = arena_alloc(build->arena, count + 1, sizeof *stage->vertices);
	stage->created = arena_alloc(build->arena, count + 1, sizeof *stage->created);
	for (size_t i = 0; i < count; i++) {
		const struct plan_step *step = &stage->plan->steps[i];

		stage->vertices[i] = (size_t)-1;
		if (step->kind == PLAN_CONFIGURE)
			continue;
		stage->vertices[i] = build_add_step_vertex(build, title_of(build, stage, step), step->is_trigger ? &nowhere : &step->instruction->source->mark,
			&last, last == (size_t)-1 ? 0 : 1);
		last = stage->vertices[i];
	}
}

static int plan_stage(struct build *build, struct build_stage *stage, struct error *err)
{
	struct plan_request request = { .outline = stage->platform->outline, .stage = stage->outline->number, .base = base_of(stage),
		.default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
	bool is_first = stage->platform == build->platforms;
	int r;

	if (is_first) {
		request.warnings = build->warnings;
		request.warning_count = build->warning_count;
	}
	r = build_plan_make(build->arena, &request, &stage->plan, &build->report->mark, err);
	if (r < 0)
		return r;
	if (is_first) {
		build->warnings = request.warnings;
		build->warning_count = request.warning_count;
	}
	add_vertices(build, stage);
	return 0;
}

static int plan_stages(struct build *build, struct build_platform *platform, struct error *err)
{
	int r = 0;

	platform->stages = arena_alloc(build->arena, platform->outline->stage_count + 1, sizeof *platform->stages);
	for (size_t n = 0; r == 0 && n < platform->outline->stage_count; n++) {
		struct build_stage *stage = &platform->stages[n];

		*stage = (struct build_stage){ .outline = &platform->outline->stages[n], .platform = platform };
		if (!stage->outline->needed)
			continue;
		r = plan_stage(build, stage, err);
		build->stages[build->stage_count++] = stage;
	}
	return r;
}

int build_plan_steps(struct build *build, struct error *err)
{
	size_t capacity = 0;
	int r = 0;

	for (size_t i = 0; i < build->platform_count; i++)
		capacity += build->platforms[i].outline->stage_count;
	build->stages = arena_alloc(build->arena, capacity + 1, sizeof *build->stages);
	for (size_t i = 0; r == 0 && i < build->platform_count; i++)
		r = plan_stages(build, &build->platforms[i], err);
	if (r == 0)
		r = build_warnings_judge(build, err);
	return r < 0 ? r : build_digests_of_contexts(build, build->stages, build->stage_count, err);
}

/* ---- going on ------------------------------------------------------------------------------------ */

static bool is_there(const struct build_stage *stage, const struct origin *origin)
{
	return origin->kind != ORIGIN_STAGE || stage->platform->stages[origin->stage].is_done;
}

/* Whether everything that the step reads is done. */
static bool can_begin(const struct build_stage *stage, const struct plan_step *step)
{
	if (step->kind == PLAN_COPY && !is_there(stage, &step->origin))
		return false;
	for (size_t i = 0; i < step->mount_count; i++)
		if ((step->mounts[i].mount->kind == RUN_MOUNT_BIND || step->mounts[i].mount->kind == RUN_MOUNT_CACHE) &&
		    !is_there(stage, &step->mounts[i].origin))
			return false;
	return true;
}

/* Its strings live in the arena. */
static void take_layer(const struct build_step *step, const struct build_layer *layer)
{
	struct build *build = step->build;
	struct build_stage *stage = step->stage;

	build_files_add(build->arena, &stage->files, layer);
	stage->created[stage->next] = layer->created;
	stage->next++;
	stage->is_running = false;
	build->report->steps++;
}

/* Before all began anew. */
static const struct build_layer *find_done(const struct build *build, const char *key)
{
	const struct build_done *done = build->done;

	while (done && !str_equal(done->key, key))
		done = done->next;
	return done ? &done->layer : NULL;
}

static void keep_done(struct build *build, const char *key, const struct build_layer *layer)
{
	struct build_done *done = arena_alloc(build->arena, 1, sizeof *done);

	*done = (struct build_done){ build->done, key, *layer };
	build->done = done;
}

static bool find_here(const struct build_step *step, struct build_layer *ret)
{
	struct build *build = step->build;
	struct spec_build_record record = { .key = NULL };

	if (build_cache_find(build->arena, build->directories, BUILD_CACHE_STEPS, step->key, &record) <= 0 || !record.chain_id || !record.diff_id ||
	    build_hold_layer(build, record.chain_id, NULL) < 0)
		return false;
	*ret = (struct build_layer){ .key = step->key, .chain_id = record.chain_id, .diff_id = record.diff_id, .created = record.created, .blob = record.blob,
		.media_type = record.blob_media_type, .blob_size = record.blob_size, .content_key = record.content_key, .title = record.description };
	return true;
}

/* A layer of COPY --link that is in the cache on another one is made of that, without anything coming from elsewhere. */
static bool find_elsewhere(const struct build_step *step, struct build_layer *ret)
{
	struct build *build = step->build;
	struct spec_build_record record = { .key = NULL };
	const char *parent = build_files_top(&step->stage->files), *key;

	if (!build->imports)
		return false;
	key = build_step_link_key(step);
	if (!build_imports_find(build, step->key, parent, ret) &&
	    (!key || build_cache_find(build->arena, build->directories, BUILD_CACHE_STEPS, key, &record) > 0 || !build_imports_find(build, key, parent, ret)))
		return false;
	ret->key = step->key;
	return true;
}

/* Whether it was done before. */
static bool find_step(const struct build_step *step)
{
	struct build *build = step->build;
	const struct build_layer *done = find_done(build, step->key);
	struct build_layer layer = { .key = step->key };

	if (done)
		layer = *done;
	else if (build_is_uncached(build, step->stage) || (!find_here(step, &layer) && !find_elsewhere(step, &layer)))
		return false;
	take_layer(step, &layer);
	if (build->vertices[step->vertex].state != VERTEX_DONE)
		build->report->cached_steps++;
	if (build->vertices[step->vertex].state != VERTEX_DONE && build->vertices[step->vertex].state != VERTEX_CACHED)
		build_tell(build, step->vertex, BUILD_CACHED);
	return true;
}

/* 1: it goes on; 0: it waits. */
static int advance_step(struct graph *graph, struct build_stage *stage, const struct plan_step *plan, struct error *err)
{
	struct build *build = graph->build;
	struct build_step *step = arena_alloc(build->arena, 1, sizeof *step);
	int r;

	*step = (struct build_step){ .build = build, .stage = stage, .plan = plan, .vertex = stage->vertices[stage->next] };
	step->key = build_step_key(step);
	if (find_step(step))
		return 1;
	if (!build_workers_have_room(graph->workers))
		return 0;
	/* Before there is a child that needs it: all of them have the one. */
	r = build->work_fd < 0 ? build_open_work(build, err) : 0;
	if (r < 0)
		return r;
	if (build->vertices[step->vertex].state != VERTEX_RUNNING)
		build_tell(build, step->vertex, BUILD_STARTED);
	r = build_workers_start(graph->workers, step, err);
	stage->is_running = r == 0;
	return r;
}

static void begin_stage(struct build *build, struct build_stage *stage)
{
	const struct build_files *base = build_origin_files(stage->platform, &stage->outline->base);

	for (size_t i = 0; base && i < base->count; i++)
		build_files_add(build->arena, &stage->files, &base->layers[i]);
}

static bool has_begun(const struct build_stage *stage)
{
	return stage->next > 0 || stage->files.count > 0;
}

/* As far as it can go now: 1 if it went on. */
static int advance(struct graph *graph, struct build_stage *stage, struct error *err)
{
	int moved = 0;

	if (stage->is_done || stage->is_running || !is_there(stage, &stage->outline->base))
		return 0;
	if (!has_begun(stage))
		begin_stage(graph->build, stage);
	while (stage->next < stage->plan->step_count) {
		const struct plan_step *plan = &stage->plan->steps[stage->next];
		int r;

		if (plan->kind == PLAN_CONFIGURE) {
			stage->next++;
			continue;
		}
		if (!can_begin(stage, plan))
			return moved;
		r = advance_step(graph, stage, plan, err);
		if (r <= 0)
			return r < 0 ? r : moved;
		moved = 1;
	}
	stage->is_done = true;
	return 1;
}

static int advance_all(struct graph *graph, struct error *err)
{
	int moved;

	do {
		moved = 0;
		for (size_t i = 0; i < graph->count; i++) {
			int r = advance(graph, graph->stages[i], err);

			if (r < 0)
				return r;
			moved |= r;
		}
	} while (moved);
	return 0;
}

/* ---- ends ------------------------------------------------------------------------------------------- */

static int fail(const struct build_step *step, const struct build_step_result *result, struct error *err)
{
	struct build_report *report = step->build->report;
	struct arena *arena = step->build->arena;

	if (err)
		*err = result->err;
	build_tell_failure(step->build, step->vertex, &result->err);
	report->mark = step->plan->instruction->source->mark;
	report->failed_title = step->build->vertices[step->vertex].title;
	report->exit_code = result->exit_code;
	step->build->failed = step;
	step->build->failed_upper = result->failed_upper[0] ? arena_strdup(arena, result->failed_upper) : NULL;
	return result->r;
}

void build_take_step(const struct build_step *step, const struct build_step_result *result, const char *key)
{
	struct arena *arena = step->build->arena;
	struct build_layer layer = { .chain_id = arena_strdup(arena, result->chain_id), .diff_id = arena_strdup(arena, result->diff_id),
		.created = arena_strdup(arena, result->created), .key = key, .title = step->build->vertices[step->vertex].title,
		.content_key = result->content_key[0] ? arena_strdup(arena, result->content_key) : NULL, .is_remote = result->is_remote };

	if (result->blob[0]) {
		layer.blob = arena_strdup(arena, result->blob);
		layer.media_type = arena_strdup(arena, result->media_type);
		layer.blob_size = result->blob_size;
	}
	take_layer(step, &layer);
	if (!result->is_remote)
		keep_done(step->build, step->key, &layer);
	step->build->report->cached_steps += result->is_cached;
	build_tell(step->build, step->vertex, result->is_cached ? BUILD_CACHED : BUILD_DONE);
}

static int take_result(struct graph *graph, struct error *err)
{
	const struct build_step *step = NULL;
	struct build_step_result result = { .err = ERROR_INIT };
	int r = build_workers_wait(graph->workers, &step, &result, err);

	if (r < 0)
		return r;
	if (result.stale.is_stale) {
		build_imports_forget(graph->build, &result.stale, &result.err);
		step->stage->is_running = false;
		graph->is_stale = true;
		return 0;
	}
	if (result.r < 0)
		return fail(step, &result, err);
	build_take_step(step, &result, step->key);
	return 0;
}

/* What they have begun is done anew, if the build goes on. */
static void cancel_all(struct graph *graph)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct build_stage *stage = graph->stages[i];

		if (stage->is_running && graph->build->vertices[stage->vertices[stage->next]].state == VERTEX_RUNNING)
			build_tell(graph->build, stage->vertices[stage->next], BUILD_CANCELED);
		stage->is_running = false;
	}
}

/* As they were before anything was found or done. */
static void begin_anew(struct graph *graph)
{
	graph->is_stale = false;
	for (size_t i = 0; i < graph->count; i++) {
		struct build_stage *stage = graph->stages[i];

		stage->files.count = 0;
		stage->next = 0;
		stage->is_done = false;
		for (size_t n = 0; n < stage->plan->step_count; n++)
			stage->created[n] = NULL;
	}
	graph->build->report->steps = graph->build->report->cached_steps = 0;
}

/* Steps that run when all have to begin anew end first: they are done then. */
static int go_on(struct graph *graph, struct error *err)
{
	int r = advance_all(graph, err);

	while (r == 0 && build_workers_running(graph->workers) > 0) {
		r = take_result(graph, err);
		if (r == 0 && !graph->is_stale)
			r = advance_all(graph, err);
	}
	return r;
}

static bool wants_files(const struct build_request *request)
{
	for (size_t i = 0; i < request->output_count; i++)
		if (request->outputs[i].kind != BUILD_OUTPUT_NONE)
			return true;
	return request->output_count == 0;
}

/* Of a target, as progress shows it. */
static int need_files(struct graph *graph, struct build_files *files, struct error *err)
{
	struct build *build = graph->build;
	struct error own = ERROR_INIT;
	struct build_stale stale;
	size_t vertex;
	int r;

	if (!build_imports_are_needed(files))
		return 0;
	vertex = build_add_vertex(build, "importing layers of the image", NULL, 0);
	build_tell(build, vertex, BUILD_STARTED);
	r = build_imports_fetch(build, files, vertex, &stale, &own);
	graph->is_stale = stale.is_stale;
	if (stale.is_stale) {
		build_imports_forget(build, &stale, &own);
		r = 0;
	}
	if (r < 0)
		build_tell_failure(build, vertex, &own);
	else
		build_tell(build, vertex, BUILD_DONE);
	if (r < 0 && err)
		*err = own;
	return r;
}

/* What the outputs are made of comes from elsewhere, if it must. */
static int need_targets(struct graph *graph, struct error *err)
{
	struct build *build = graph->build;
	int r = 0;

	for (size_t i = 0; r == 0 && !graph->is_stale && i < build->platform_count && wants_files(build->request); i++)
		r = need_files(graph, &build->platforms[i].stages[build->platforms[i].outline->target].files, err);
	return r;
}

static int run_all(struct graph *graph, struct error *err)
{
	int r;

	do {
		if (graph->is_stale)
			begin_anew(graph);
		r = go_on(graph, err);
		if (r == 0 && !graph->is_stale)
			r = need_targets(graph, err);
	} while (r == 0 && graph->is_stale);
	for (size_t i = 0; r == 0 && i < graph->count; i++)
		if (!graph->stages[i]->is_done)
			r = error_set(err, ERROR_INTERNAL, 0, "the stage '%s' could not begin", graph->stages[i]->plan->title);
	if (r < 0)
		cancel_all(graph);
	return r;
}

static size_t job_limit(const struct build *build)
{
	long count = build->request->jobs > 0 ? (long)build->request->jobs : sysconf(_SC_NPROCESSORS_ONLN);

	return count > 1 ? (size_t)count : 1;
}

int build_run_steps(struct build *build, struct error *err)
{
	_cleanup_build_workers_ struct build_workers *workers = build_workers_new(build, job_limit(build));
	struct graph graph = { .build = build, .stages = build->stages, .count = build->stage_count, .workers = workers };

	return run_all(&graph, err);
}
