/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_step.h"
#include "base/role.h"
#include "base/timing.h"
#include "engine/build_copy.h"
#include "engine/build_digests.h"
#include "engine/build_import.h"
#include "engine/build_remote.h"
#include "engine/builder.h"
#include "store/layers.h"

/* Where the runtime, or the engine, mounts something whatever the step is. */
static const char *const usual_mountpoints[] = {
	"/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/run", "/run/.containerenv", "/run/buildkit", "/run/lock", "/run/secrets", "/sys",
};

/* ---- keys ------------------------------------------------------------------------------------ */

#define KEY_FORMAT 1

static bool is_linked(const struct build_step *step)
{
	return step->plan->kind == PLAN_COPY && step->plan->instruction->link;
}

static void add_source(const struct build_step *step, const struct origin *origin, size_t which, const struct build_digests *digests, struct buf *out)
{
	const struct build_files *files = build_origin_files(step->stage->platform, origin);
	const char *digest = build_digests_find(digests, step->plan, which);

	if (digest)
		buf_printf(out, "source %zu content %s\n", which, digest);
	else if (files)
		buf_printf(out, "source %zu files %s\n", which, build_files_top(files) ? build_files_top(files) : "none");
}

static void add_sources(const struct build_step *step, const struct build_digests *digests, struct buf *out)
{
	const struct plan_step *plan = step->plan;

	if (plan->kind == PLAN_COPY && strv_length(plan->instruction->sources) > 0)
		add_source(step, &plan->origin, BUILD_DIGESTS_COPY, digests, out);
	for (size_t i = 0; plan->kind == PLAN_COPY && plan->instruction->sources[i]; i++)
		if (build_remote_is(plan, i))
			buf_printf(out, "source %zu content %s\n", i, build_digests_find(digests, plan, i));
	for (size_t i = 0; i < plan->mount_count; i++)
		if (plan->mounts[i].mount->kind == RUN_MOUNT_BIND)
			add_source(step, &plan->mounts[i].origin, i, digests, out);
}

/* Layers are made once, for all outputs. */
static bool rewrites_times(const struct build *build)
{
	for (size_t i = 0; i < build->request->output_count; i++)
		if (build->request->outputs[i].rewrites_times)
			return true;
	return false;
}

/* What of the options changes what comes out. */
static void add_options(const struct build_step *step, struct buf *out)
{
	const struct build_request *request = step->build->request;

	if (request->has_epoch)
		buf_printf(out, "epoch %lld%s\n", (long long)request->epoch, rewrites_times(step->build) ? " rewritten" : "");
	if (step->plan->kind == PLAN_RUN && request->host && request->host->network_mode)
		buf_printf(out, "network %s\n", request->host->network_mode);
}

/* With DIGESTS of all that it reads, or with those that are known at once. */
static char *make_key(const struct build_step *step, const struct build_digests *digests, bool names_parent)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *parent = build_files_top(&step->stage->files);

	buf_printf(&text, "bivy build %d\nplatform %s\n", KEY_FORMAT, step->stage->platform->text);
	if (names_parent)
		buf_printf(&text, "parent %s\n", parent ? parent : "none");
	add_options(step, &text);
	add_sources(step, digests, &text);
	buf_printf(&text, "\n%s", step->plan->key);
	return arena_strndup(step->build->arena, text.data, text.length);
}

char *build_step_key(const struct build_step *step)
{
	return make_key(step, step->build->digests, true);
}

char *build_step_link_key(const struct build_step *step)
{
	return is_linked(step) ? make_key(step, step->build->digests, false) : NULL;
}

/* ---- what was done before ------------------------------------------------------------------------ */

static int put_record(const struct build_step *step, const char *key, const struct build_step_result *result, struct error *err)
{
	const struct spec_build_record record = { .key = (char *)key, .description = (char *)step->build->vertices[step->vertex].title,
		.created = (char *)result->created, .chain_id = (char *)result->chain_id, .diff_id = (char *)result->diff_id,
		.blob = result->blob[0] ? (char *)result->blob : NULL, .blob_media_type = result->blob[0] ? (char *)result->media_type : NULL,
		.blob_size = result->blob_size, .content_key = result->content_key[0] ? (char *)result->content_key : NULL };

	return build_cache_put(step->build->directories, BUILD_CACHE_STEPS, &record, err);
}

static void take_blob(const char *blob, const char *media_type, uint64_t size, struct build_step_result *ret)
{
	if (!blob || !media_type)
		return;
	snprintf(ret->blob, sizeof ret->blob, "%s", blob);
	snprintf(ret->media_type, sizeof ret->media_type, "%s", media_type);
	ret->blob_size = size;
}

static void take_record(const struct spec_build_record *record, struct build_step_result *ret)
{
	snprintf(ret->chain_id, sizeof ret->chain_id, "%s", record->chain_id);
	snprintf(ret->diff_id, sizeof ret->diff_id, "%s", record->diff_id);
	snprintf(ret->created, sizeof ret->created, "%s", record->created);
	take_blob(record->blob, record->blob_media_type, record->blob_size, ret);
}

int build_hold_layer(struct build *build, const char *chain_id, struct error *err)
{
	int r = lease_add(&build->lease, chain_id, err);

	if (r == 0 && !layer_exists(&build->store, chain_id))
		return error_set(err, ERROR_UNAVAILABLE, 0, "the layer '%s' was removed while it was needed", chain_id);
	return r;
}

/* A blob that is removed before it is needed is made again. */
static int take_layer(const struct build_step *step, const struct spec_build_layer_report *report, struct build_step_result *result, struct error *err)
{
	snprintf(result->chain_id, sizeof result->chain_id, "%s", report->chain_id);
	snprintf(result->diff_id, sizeof result->diff_id, "%s", report->diff_id);
	take_blob(report->blob, report->media_type, report->blob_size, result);
	return build_hold_layer(step->build, result->chain_id, err);
}

static int run_layer(const struct build_step *step, const struct spec_build_layer *work, struct build_step_result *result, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct builder_request request = { .directories = step->build->directories, .command = "layer", .work = &text,
		.lease = &step->build->lease };
	struct spec_build_layer_report report = { .chain_id = NULL };
	const char *answer = NULL;
	int r;

	spec_build_layer_encode(work, &text);
	r = builder_run(step->build->arena, &request, &answer, err);
	if (r == 0)
		r = spec_build_layer_report_decode(step->build->arena, answer, strlen(answer), &report, err);
	return r < 0 ? r : take_layer(step, &report, result, err);
}

/* The image, or archive of one, that layers are made for: blobs are made in its form. NULL: there is none. */
static const struct build_output *image_output(const struct build *build)
{
	for (size_t i = 0; i < build->request->output_count; i++) {
		const struct build_output *output = &build->request->outputs[i];

		if (output->kind == BUILD_OUTPUT_IMAGE || output->kind == BUILD_OUTPUT_OCI || output->kind == BUILD_OUTPUT_DOCKER)
			return output;
	}
	return NULL;
}

/* Whether the layers of the stage become an image's. */
static bool is_exported(const struct build_stage *stage)
{
	const struct build_platform *platform = stage->platform;
	const struct build_stage *at = &platform->stages[platform->outline->target];

	while (at != stage && at->outline->base.kind == ORIGIN_STAGE)
		at = &platform->stages[at->outline->base.stage];
	return at == stage;
}

static struct spec_build_layer layer_work(const struct build_step *step)
{
	const struct build_request *request = step->build->request;
	struct spec_build_layer work = { .parent = (char *)build_files_top(&step->stage->files), .has_epoch = request->has_epoch, .epoch = request->epoch,
		.rewrites_times = rewrites_times(step->build) };
	const struct build_output *output = request->squash ? NULL : image_output(step->build);

	if (output && is_exported(step->stage)) {
		work.wants_blob = true;
		work.compression = (char *)output->compression;
		work.compression_level = output->compression_level;
	}
	return work;
}

/* What caches elsewhere have of it: 1, and the layer is known, or 0. */
static int use_elsewhere(const struct build_step *step, const char *key, struct build_step_result *result)
{
	struct build_layer layer;

	if (!build_imports_find(step->build, key, build_files_top(&step->stage->files), &layer))
		return 0;
	snprintf(result->chain_id, sizeof result->chain_id, "%s", layer.chain_id);
	snprintf(result->diff_id, sizeof result->diff_id, "%s", layer.diff_id);
	snprintf(result->created, sizeof result->created, "%s", layer.created);
	result->is_remote = result->is_cached = true;
	return 1;
}

/* What the step stands on, from elsewhere if it must be. */
static int need_files(const struct build_step *step, struct build_files *files, struct build_step_result *result, struct error *err)
{
	return files ? build_imports_fetch(step->build, files, BUILD_IMPORT_PRINTS, &result->stale, err) : 0;
}

/* A record of the same work on another parent, or found by the content of other stages' files only now: 1, 0 or -errno. */
static int use_content(const struct build_step *step, const char *key, struct build_step_result *result, struct error *err)
{
	struct spec_build_record record = { .key = NULL };
	struct spec_build_layer work = layer_work(step);
	int r = build_cache_find(step->build->arena, step->build->directories, BUILD_CACHE_STEPS, key, &record);

	if (r <= 0 || !record.chain_id || !record.diff_id || build_hold_layer(step->build, record.chain_id, NULL) < 0)
		return use_elsewhere(step, key, result);
	take_record(&record, result);
	r = 0;
	if (is_linked(step)) {
		work.clone = record.chain_id;
		r = need_files(step, &step->stage->files, result, err);
		if (r == 0)
			r = run_layer(step, &work, result, err);
	}
	if (r == 0)
		r = put_record(step, step->key, result, err);
	result->is_cached = r == 0;
	return r < 0 ? r : 1;
}

/* ---- doing it -------------------------------------------------------------------------------------- */

static char **join_mountpoints(const struct build_step *step, const char *const *more)
{
	size_t count = ARRAY_SIZE(usual_mountpoints), more_count = more ? strv_length((char **)more) : 0;
	char **list = arena_alloc(step->build->arena, count + more_count + 1, sizeof *list);

	memcpy(list, usual_mountpoints, sizeof usual_mountpoints);
	if (more_count)
		memcpy(list + count, more, more_count * sizeof *list);
	return list;
}

static void note_time(const struct build_step *step, struct build_step_result *ret)
{
	snprintf(ret->created, sizeof ret->created, "%s", build_now(step->build));
}

int build_step_layer(const struct build_step *step, const char *upper, const char *const *mountpoints, struct build_step_result *ret, struct error *err)
{
	struct spec_build_layer work = layer_work(step);

	if (step->plan->kind == PLAN_RUN)
		work.mountpoints = join_mountpoints(step, mountpoints);
	work.upper = (char *)upper;
	note_time(step, ret);
	return run_layer(step, &work, ret, err);
}

static int do_run(const struct build_step *step, struct build_step_result *result, struct error *err)
{
	const char *upper = NULL, **mountpoints = NULL;
	int r = build_step_run(step, &upper, &mountpoints, result, err);

	return r < 0 ? r : build_step_layer(step, upper, mountpoints, result, err);
}

/* RET_DIGEST may be NULL. */
static int do_copy(const struct build_step *step, const char **ret_digest, struct build_step_result *result, struct error *err)
{
	struct spec_build_layer work = layer_work(step);
	struct spec_build_copy_report report = { .layer = NULL };
	int r = build_step_copy(step, &work, ret_digest != NULL, &report, err);

	note_time(step, result);
	if (r < 0)
		return r;
	if (ret_digest)
		*ret_digest = report.digest;
	return report.layer ? take_layer(step, report.layer, result, err) : run_layer(step, &work, result, err);
}

static int do_step(const struct build_step *step, struct build_step_result *result, struct error *err)
{
	return step->plan->kind == PLAN_RUN ? do_run(step, result, err) : do_copy(step, NULL, result, err);
}

static bool uses_cache(const struct build_step *step)
{
	return !build_is_uncached(step->build, step->stage);
}

/* All that it reads of other stages. */
static int need_origins(const struct build_step *step, struct build_step_result *result, struct error *err)
{
	const struct plan_step *plan = step->plan;
	int r = 0;

	if (plan->kind == PLAN_COPY)
		r = need_files(step, (struct build_files *)build_origin_files(step->stage->platform, &plan->origin), result, err);
	for (size_t i = 0; r == 0 && i < plan->mount_count; i++)
		if (plan->mounts[i].mount->kind == RUN_MOUNT_BIND || plan->mounts[i].mount->from)
			r = need_files(step, (struct build_files *)build_origin_files(step->stage->platform, &plan->mounts[i].origin), result, err);
	return r;
}

static const char *content_key(const struct build_step *step, const struct build_digests *digests, struct build_step_result *result)
{
	const char *key = make_key(step, digests, !is_linked(step));

	if (!str_equal(key, step->key))
		sha256_hex(key, strlen(key), result->content_key);
	return key;
}

static int put_records(const struct build_step *step, const char *key, const struct build_step_result *result, struct error *err)
{
	int r = put_record(step, step->key, result, err);

	return r == 0 && !str_equal(key, step->key) ? put_record(step, key, result, err) : r;
}

/* Whether nobody asks what is in the files of other stages before they are copied: then they are read once. */
static bool is_digested_late(const struct build_step *step)
{
	const struct plan_step *plan = step->plan;

	return !uses_cache(step) && plan->kind == PLAN_COPY && plan->instruction->kind == INSTRUCTION_COPY && plan->mount_count == 0 &&
	       strv_length(plan->instruction->sources) > 0 && build_origin_files(step->stage->platform, &plan->origin);
}

static int do_and_digest(const struct build_step *step, struct build_step_result *result, struct error *err)
{
	const char *digest = NULL;
	int r = need_files(step, &step->stage->files, result, err);

	if (r == 0)
		r = do_copy(step, &digest, result, err);
	return r < 0 ? r : put_records(step, content_key(step, build_digests_of_copy(step, digest), result), result, err);
}

static int do_or_find(const struct build_step *step, struct build_step_result *result, struct error *err)
{
	struct build_digests *digests = NULL;
	const char *key;
	int r = need_origins(step, result, err);

	if (r < 0)
		return r;
	if (is_digested_late(step))
		return do_and_digest(step, result, err);
	r = build_digests_of_step(step, &digests, err);
	if (r < 0)
		return error_wrap(err, "%s:%u", step->build->dockerfile->name, step->plan->instruction->source->first_line);
	key = content_key(step, digests, result);
	r = uses_cache(step) && !str_equal(key, step->key) ? use_content(step, key, result, err) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	r = need_files(step, &step->stage->files, result, err);
	if (r == 0)
		r = do_step(step, result, err);
	return r == 0 ? put_records(step, key, result, err) : r;
}

void build_step_do(const struct build_step *step, struct build_step_result *ret)
{
	const struct dockerfile_instruction *source = step->plan->instruction->source;
	int64_t since = timing_now();
	char name[32];

	timing_suspend();
	ret->r = do_or_find(step, ret, &ret->err);
	timing_resume();
	snprintf(name, sizeof name, "%u: %s", source->first_line, source->original);
	role_set("step");
	timing_phase(name, since);
}
