/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build from its beginning to its end:
 *
 *      step                                            undo
 *   1. contexts, Dockerfile, patterns (build_source.c)
 *   2. a directory of its own in ROOT/build/work, as   it is removed; by the next build if this is killed
 *      soon as something is to be put there
 *   3. outlines, for each platform
 *   4. images, in the lease (build_images.c)           the lease ends
 *   5. plans, digests, steps (build_graph.c)           a layer that no record names is the sweep's
 *   6. outputs (build_output.c)
 *   7. what is too old or too much in the cache goes (build_collect.c)
 */
#include "engine/build_annotations.h"
#include "engine/build_warnings.h"
#include "engine/build_worker.h"
#include "base/clock.h"
#include "base/timing.h"
#include "base/moment.h"
#include "engine/build_collect.h"
#include "engine/build_import.h"
#include "engine/build_keys.h"
#include "engine/build_layout.h"
#include "engine/build_secrets.h"
#include "engine/image_removal.h"
#include "engine/tally.h"

#include <stdarg.h>
#include <sys/utsname.h>
#include <time.h>

/* ---- telling ------------------------------------------------------------------------------- */

void build_tell_event(const struct build *build, const struct build_event *event)
{
	if (build->status_fd >= 0)
		build_worker_tell(build->status_fd, event);
	else if (build->request->tell)
		build->request->tell(build->request->tell_context, event);
}

size_t build_add_step_vertex(struct build *build, const char *title, const struct dockerfile_mark *mark, const size_t *inputs, size_t input_count)
{
	const struct build_event event = { .kind = BUILD_PLANNED, .vertex = build->vertex_count, .title = title, .mark = *mark, .inputs = inputs,
		.input_count = input_count };
	struct build_vertex *larger;

	if (build->vertex_count % 64 == 0) {
		larger = arena_alloc(build->arena, build->vertex_count + 64, sizeof *larger);
		if (build->vertex_count)
			memcpy(larger, build->vertices, build->vertex_count * sizeof *larger);
		build->vertices = larger;
	}
	build->vertices[build->vertex_count] = (struct build_vertex){ .title = title };
	build_tell_event(build, &event);
	return build->vertex_count++;
}

size_t build_add_vertex(struct build *build, const char *title, const size_t *inputs, size_t input_count)
{
	return build_add_step_vertex(build, title, &(struct dockerfile_mark){ .line = 0 }, inputs, input_count);
}

void build_tell(struct build *build, size_t vertex, enum build_event_kind kind)
{
	static const enum build_vertex_state states[] = { [BUILD_STARTED] = VERTEX_RUNNING, [BUILD_CACHED] = VERTEX_CACHED, [BUILD_DONE] = VERTEX_DONE,
		[BUILD_FAILED] = VERTEX_FAILED, [BUILD_CANCELED] = VERTEX_FAILED };
	const struct build_event event = { .kind = kind, .vertex = vertex, .title = build->vertices[vertex].title };

	if (kind >= BUILD_STARTED && kind <= BUILD_CANCELED)
		build->vertices[vertex].state = states[kind];
	build_tell_event(build, &event);
}

void build_tell_failure(struct build *build, size_t vertex, const struct error *err)
{
	const struct build_event event = { .kind = BUILD_FAILED, .vertex = vertex, .title = build->vertices[vertex].title, .error = err };

	build->vertices[vertex].state = VERTEX_FAILED;
	build_tell_event(build, &event);
}

void build_tell_status(struct build *build, size_t vertex, const char *format, ...)
{
	char text[1000];
	const struct build_event event = { .kind = BUILD_STATUS, .vertex = vertex, .text = text };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	build_tell_event(build, &event);
}

/* How far a pull or a push is. */
void build_tell_transfer(void *context, const struct spec_transfer_event *transfer)
{
	const struct build_transfer *what = context;
	struct build_event event = { .kind = BUILD_STATUS, .vertex = what->vertex };

	if (transfer->kind == SPEC_TRANSFER_ERROR || transfer->kind == SPEC_TRANSFER_REPORT)
		return;
	if (transfer->kind == SPEC_TRANSFER_ITEM) {
		event.text = arena_printf(what->build->arena, "%s %s", transfer->item, spec_transfer_phase_word(transfer->phase));
		event.current = transfer->current;
		event.total = transfer->total;
	} else {
		event.text = transfer->text;
	}
	if (transfer->kind == SPEC_TRANSFER_WARNING)
		event.kind = BUILD_WARNING;
	build_tell_event(what->build, &event);
}

void build_warn(struct build *build, const char *format, ...)
{
	char text[1000];
	const struct build_event event = { .kind = BUILD_WARNING, .vertex = (size_t)-1, .text = text };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	build_tell_event(build, &event);
}

/* ---- what all use ---------------------------------------------------------------------------- */

void build_files_add(struct arena *arena, struct build_files *files, const struct build_layer *layer)
{
	if (files->count == files->capacity) {
		struct build_layer *larger;

		files->capacity = files->capacity * 2 + 16;
		larger = arena_alloc(arena, files->capacity, sizeof *larger);
		if (files->count)
			memcpy(larger, files->layers, files->count * sizeof *larger);
		files->layers = larger;
	}
	files->layers[files->count++] = *layer;
}

const char *build_files_top(const struct build_files *files)
{
	return files->count ? files->layers[files->count - 1].chain_id : NULL;
}

const char *build_argument(const struct build *build, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (char *const *argument = build->request->arguments; argument && *argument; argument++)
		if (strncmp(*argument, name, length) == 0 && ((*argument)[length] == '=' || !(*argument)[length]))
			value = (*argument)[length] ? *argument + length + 1 : getenv(name);
	return value;
}

const char *build_now(const struct build *build)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct timespec moment = { .tv_sec = build->request->epoch };

	if (!build->request->has_epoch)
		clock_gettime(CLOCK_REALTIME, &moment);
	moment_add(&moment, &text);
	return arena_strndup(build->arena, text.data, text.length);
}

bool build_is_uncached(const struct build *build, const struct build_stage *stage)
{
	const struct build_request *request = build->request;
	const char *name = stage->outline->name;

	return request->no_cache || (request->no_cache_stages && ((name && strv_contains(request->no_cache_stages, name)) ||
		strv_contains(request->no_cache_stages, arena_printf(build->arena, "%zu", stage->outline->number))));
}

/* ---- platforms ---------------------------------------------------------------------------------- */

static int choose_build_platform(struct build *build, struct error *err)
{
	struct utsname names;

	if (uname(&names) < 0)
		return error_errno(err, errno, "cannot ask for the machine");
	build->build_platform = spec_platform_of_machine(build->arena, names.machine);
	return 0;
}

static int choose_platforms(struct build *build, struct error *err)
{
	char **texts = build->request->platforms;
	size_t count = texts ? strv_length(texts) : 0;

	build->platforms = arena_alloc(build->arena, count + 1, sizeof *build->platforms);
	build->platform_count = count ? count : 1;
	build->platforms[0].platform = build->build_platform;
	for (size_t i = 0; i < count; i++) {
		int r = spec_platform_parse(build->arena, texts[i], &build->build_platform, &build->platforms[i].platform, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < build->platform_count; i++)
		build->platforms[i].text = spec_platform_text(build->arena, &build->platforms[i].platform);
	return 0;
}

/* ---- outlines ------------------------------------------------------------------------------------- */

/* "NAME=VALUE", or "NAME" of the environment. */
static struct outline_argument *make_arguments(struct arena *arena, char *const *list, size_t *ret_count)
{
	size_t count = list ? strv_length((char **)list) : 0;
	struct outline_argument *arguments = arena_alloc(arena, count + 1, sizeof *arguments);

	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(list[i], '=');

		arguments[i].name = equals ? arena_strndup(arena, list[i], (size_t)(equals - list[i])) : list[i];
		arguments[i].value = equals ? equals + 1 : getenv(list[i]);
	}
	*ret_count = count;
	return arguments;
}

static int make_outline(struct build *build, struct build_platform *platform, struct error *err)
{
	const struct build_request *request = build->request;

	platform->request = (struct outline_request){ .dockerfile = build->dockerfile, .target = request->target, .contexts = build->named,
		.context_count = request->context_count, .build_platform = build->build_platform, .target_platform = platform->platform };
	platform->request.arguments = make_arguments(build->arena, request->arguments, &platform->request.argument_count);
	return outline_make(build->arena, &platform->request, &platform->outline, &build->report->mark, err);
}

static int make_outlines(struct build *build, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < build->platform_count; i++)
		r = make_outline(build, &build->platforms[i], err);
	for (const char **name = r == 0 ? build->platforms[0].outline->unused_arguments : NULL; name && *name; name++)
		build_warn(build, "one or more build arguments were not consumed: '%s'", *name);
	return r;
}

/* ---- the call ------------------------------------------------------------------------------------------ */

static int begin(struct build *build, struct error *err)
{
	int r = store_open(build->directories->images, &build->store, err);

	if (r == 0)
		r = lease_begin(&build->store, &build->lease, err);
	if (r == 0)
		r = choose_build_platform(build, err);
	if (r == 0)
		r = choose_platforms(build, err);
	if (r == 0)
		r = build_annotations_check(build, err);
	if (r == 0)
		r = build_secrets_check(build->request, err);
	if (r == 0)
		r = build_keys_open(build, err);
	return r;
}

/* A step that a person has put right is done: the others go on from there. */
static int run_steps(struct build *build, struct error *err)
{
	struct error own = ERROR_INIT;
	int r;

	while ((r = build_run_steps(build, &own)) < 0 && build->failed) {
		build_warnings_tell(build); /* they may be why */
		if (build_debug(build, &own) < 0)
			break;
		build->failed = NULL;
		own = ERROR_INIT;
	}
	if (r < 0 && err)
		*err = own;
	return r;
}

static int go(struct build *build, struct error *err)
{
	int64_t since = timing_now();
	int r = begin(build, err);

	if (r == 0)
		r = build_open_source(build, err);
	if (r == 0)
		r = make_outlines(build, err);
	timing_phase("contexts and Dockerfile", since);
	since = timing_now();
	if (r == 0)
		r = build_get_images(build, err);
	timing_phase("base images", since);
	since = timing_now();
	if (r == 0)
		r = build_plan_steps(build, err);
	if (r == 0)
		build_imports_open(build);
	timing_phase("plan", since);
	since = timing_now();
	if (r == 0)
		r = run_steps(build, err);
	timing_phase("all steps", since);
	if (r < 0)
		return r;
	build_warnings_tell(build);
	since = timing_now();
	r = build_write_outputs(build, err);
	if (r == 0)
		r = build_export_caches(build, err);
	timing_phase("image and outputs", since);
	return r;
}

/* What is only in an archive, or in a cache elsewhere, leaves documents and blobs that nothing needs any more. */
static bool leaves_content(const struct build_request *request)
{
	for (size_t i = 0; i < request->cache_to_count; i++)
		if (!str_equal(request->cache_to[i].type, "inline"))
			return true;
	for (size_t i = 0; i < request->output_count; i++)
		if (request->outputs[i].kind == BUILD_OUTPUT_OCI || request->outputs[i].kind == BUILD_OUTPUT_DOCKER)
			return true;
	return false;
}

/* What was done has made the cache larger; how much may stay is told by the administrator. The build itself is as it is. */
static void collect(struct build *build)
{
	struct spec_build_settings settings;
	struct error err = ERROR_INIT;
	int r = build_settings_read(&settings, &err);

	if (r == 0)
		r = build_collect(build->directories, &settings, &err);
	if (r < 0)
		build_warn(build, "the build cache may become larger than it should: %s", err.message);
}

static void count(const struct build *build, enum spec_tally_result result, int64_t took_ns)
{
	size_t steps = build->report->steps, cached = build->report->cached_steps;

	tally_add_build(build->directories, result, took_ns, steps > cached ? steps - cached : 0, cached);
}

int build_run(struct arena *arena, const struct build_request *request, struct build_report *ret, struct error *err)
{
	struct build build = { .arena = arena, .request = request, .report = ret, .directories = request->directories, .store = STORE_INIT,
		.lease = LEASE_INIT, .work_fd = -EBADF, .status_fd = -EBADF, .layouts_fd = -EBADF };
	int64_t start_ns = clock_monotonic_ns();
	bool leaves;
	int r;

	*ret = (struct build_report){ .dockerfile = NULL };
	build.started = build_now(&build);
	r = go(&build, err);
	build_close_source(&build);
	build_keys_close(&build);
	build_close_work(&build);
	leaves = build_layouts_end(&build) || leaves_content(request);
	lease_end(&build.lease);
	store_close(&build.store);
	if (leaves)
		ignore_result(image_removal_sweep(request->directories, false, NULL, NULL, NULL)); /* the next removal does it else */
	if (ret->steps > ret->cached_steps)
		collect(&build);
	count(&build, r < 0 ? SPEC_TALLY_FAILURE : SPEC_TALLY_SUCCESS, clock_monotonic_ns() - start_ns);
	return r;
}

int build_check(struct arena *arena, const struct build_request *request, struct build_check_report *ret, struct error *err)
{
	struct build_report report = { .dockerfile = NULL };
	struct build build = { .arena = arena, .request = request, .report = &report, .directories = request->directories, .store = STORE_INIT,
		.lease = LEASE_INIT, .work_fd = -EBADF, .status_fd = -EBADF, .layouts_fd = -EBADF };
	struct lint_settings settings = { .skips_all = false };
	int r;

	*ret = (struct build_check_report){ .dockerfile = NULL };
	r = choose_build_platform(&build, err);
	if (r == 0)
		r = choose_platforms(&build, err);
	if (r == 0)
		r = build_open_source(&build, err);
	if (r == 0)
		r = make_outlines(&build, err);
	if (r == 0)
		r = build_warnings_settings(&build, &settings, err);
	if (r == 0)
		lint(arena, build.platforms[0].outline, NULL, 0, &settings, &ret->warnings, &ret->warning_count);
	ret->dockerfile = report.dockerfile;
	ret->mark = report.mark;
	ret->is_error = settings.is_error;
	ret->outline = r == 0 ? build.platforms[0].outline : NULL;
	build_close_source(&build);
	build_close_work(&build);
	return r;
}
