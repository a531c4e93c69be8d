/* SPDX-License-Identifier: Apache-2.0 */
/* image: layers and configurations become an image, or several under an index. */
#include "base/json.h"
#include "spec/build_work.h"
#include "spec/image_config.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"
#include "transfer/build_attestation.h"
#include "transfer/build_blob.h"
#include "transfer/build_document.h"
#include "transfer/build_work.h"
#include "transfer/confine.h"
#include "transfer/platform.h"
#include "transfer/tasks.h"

/* Each of which is compressed by as many threads as there are of use: one may be larger than all others. */
#define LAYERS_AT_ONCE 4u

struct job {
	struct arena *arena;
	struct store store;
	struct lease lease;
	struct spec_build_image work;
	const struct transfer_globals *globals;
	struct build_blob_form form;
	const struct spec_build_image_layer **layers; /* of all parts, each diff id once */
	struct build_blob *blobs;                     /* of those */
	size_t layer_count;
	struct spec_descriptor *manifests, *attestations; /* of the parts; without .digest: none */
	struct spec_build_image_report report;
};

static void job_done(struct job *job)
{
	lease_end(&job->lease);
	store_close(&job->store);
	arena_free(job->arena);
}

/* ---- layers ---------------------------------------------------------------------------- */

static bool is_same_layer(const struct spec_build_image_layer *one, const struct spec_build_image_layer *other)
{
	return one == other || (one->diff_id && str_equal(one->diff_id, other->diff_id));
}

/* The number of that one, or of another of the same diff id; .layer_count: none. */
static size_t find_layer(const struct job *job, const struct spec_build_image_layer *layer)
{
	size_t i = 0;

	while (i < job->layer_count && !is_same_layer(job->layers[i], layer))
		i++;
	return i;
}

static void list_layers(struct job *job)
{
	size_t count = 0;

	for (size_t p = 0; p < job->work.part_count; p++)
		count += job->work.parts[p].layer_count;
	job->layers = arena_alloc(job->arena, count + 1, sizeof *job->layers);
	job->blobs = arena_alloc(job->arena, count + 1, sizeof *job->blobs);
	for (size_t p = 0; p < job->work.part_count; p++) {
		const struct spec_build_image_part *part = &job->work.parts[p];

		for (size_t i = 0; i < part->layer_count; i++)
			if (find_layer(job, &part->layers[i]) == job->layer_count)
				job->layers[job->layer_count++] = &part->layers[i];
	}
}

static int make_layer_blob(struct job *job, const struct spec_build_image_layer *layer, struct build_blob *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *digits = strchr(layer->diff_id, ':');
	struct spec_layer record = { .size = 0 };
	struct build_progress progress;

	ignore_result(layer_read(&job->store, arena, layer->chain_id, &record, NULL)); /* only for how far it is */
	build_progress_begin(&progress, job->globals, arena_printf(arena, "%.12s", digits ? digits + 1 : layer->diff_id), record.size);
	return build_blob_make(&job->lease, &job->form, layer, &progress, ret, err);
}

static int make_blob(void *context, size_t i, struct error *err)
{
	struct job *job = context;
	const struct spec_build_image_layer *layer = job->layers[i];
	struct build_blob *blob = &job->blobs[i];

	if (layer->directory)
		return build_blob_make_archive(&job->lease, &job->form, layer, blob, err);
	if (!layer->is_elsewhere)
		return make_layer_blob(job, layer, blob, err);
	if (strlen(layer->digest) >= sizeof blob->digest)
		return error_set(err, ERROR_INVALID, 0, "'%.200s' cannot be verified", layer->digest);
	snprintf(blob->digest, sizeof blob->digest, "%s", layer->digest);
	blob->media_type = spec_media_to_oci(layer->media_type);
	blob->size = layer->size;
	return 0;
}

static int make_blobs(struct job *job, struct error *err)
{
	unsigned threads = build_work_threads();
	const struct tasks tasks = { .count = job->layer_count, .at_once = threads < LAYERS_AT_ONCE ? threads : LAYERS_AT_ONCE, .run = make_blob,
		.context = job };
	int r = 0;

	for (size_t p = 0; r == 0 && p < job->work.part_count; p++)
		for (size_t i = 0; r == 0 && i < job->work.parts[p].layer_count; i++)
			if (job->work.parts[p].layers[i].chain_id)
				r = lease_add(&job->lease, job->work.parts[p].layers[i].chain_id, err);
	return r == 0 && tasks.count ? tasks_run(&tasks, err) : r;
}

/* ---- a part --------------------------------------------------------------------------------- */

static char *type_of(const struct job *job, const char *oci)
{
	static const struct {
		const char *oci, *docker;
	} types[] = {
		{ SPEC_OCI_INDEX, SPEC_DOCKER_INDEX },
		{ SPEC_OCI_MANIFEST, SPEC_DOCKER_MANIFEST },
		{ SPEC_OCI_CONFIG, SPEC_DOCKER_CONFIG },
		{ SPEC_OCI_LAYER, SPEC_DOCKER_LAYER },
		{ SPEC_OCI_LAYER_GZIP, SPEC_DOCKER_LAYER_GZIP },
		{ SPEC_OCI_LAYER_ZSTD, SPEC_DOCKER_LAYER_ZSTD },
	};

	for (size_t i = 0; job->work.docker_types && i < ARRAY_SIZE(types); i++)
		if (str_equal(types[i].oci, oci))
			return (char *)types[i].docker;
	return (char *)oci;
}

static void write_rootfs(struct json_writer *w, const struct spec_build_image_part *part)
{
	json_write_open(w, "rootfs", '{');
	json_write_string(w, "type", "layers");
	json_write_open(w, "diff_ids", '[');
	for (size_t i = 0; i < part->layer_count; i++)
		json_write_string(w, NULL, part->layers[i].diff_id);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

/* The document as it is, but for that. */
static int make_config(struct job *job, const struct spec_build_image_part *part, struct spec_descriptor *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };
	struct json *document = NULL;
	bool has_rootfs = false;
	int r;

	if (part->artifact_type) {
		buf_add_text(&text, part->config);
		return build_document_put(&job->lease, job->arena, part->artifact_type, &text, ret, err);
	}
	r = json_parse(job->arena, part->config, strlen(part->config), &document, err);
	if (r == 0 && document->type != JSON_OBJECT)
		r = error_set(err, ERROR_INVALID, 0, "expected object, found %s", json_type_name(document->type));
	if (r < 0)
		return error_wrap(err, "configuration");
	json_write_open(&w, NULL, '{');
	for (const struct json *member = document->first; member; member = member->next) {
		if (str_equal(member->key, "rootfs")) {
			write_rootfs(&w, part);
			has_rootfs = true;
		} else {
			json_write_value(&w, member->key, member);
		}
	}
	if (!has_rootfs)
		write_rootfs(&w, part);
	json_write_close(&w, '}');
	return build_document_put(&job->lease, job->arena, type_of(job, SPEC_OCI_CONFIG), &text, ret, err);
}

static int make_manifest(struct job *job, size_t p, struct error *err)
{
	const struct spec_build_image_part *part = &job->work.parts[p];
	struct spec_build_image_made *made = &job->report.parts[p];
	struct spec_manifest manifest = { .media_type = type_of(job, SPEC_OCI_MANIFEST), .layer_count = part->layer_count,
		.artifact_type = part->artifact_type, .annotations = part->annotations, .annotation_count = part->annotation_count };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = make_config(job, part, &manifest.config, err);

	manifest.layers = arena_alloc(job->arena, part->layer_count + 1, sizeof *manifest.layers);
	made->layers = arena_alloc(job->arena, part->layer_count + 1, sizeof *made->layers);
	made->layer_count = part->layer_count;
	for (size_t i = 0; r == 0 && i < part->layer_count; i++) {
		struct build_blob *blob = &job->blobs[find_layer(job, &part->layers[i])];

		made->layers[i] = part->layers[i];
		made->layers[i].digest = blob->digest;
		made->layers[i].media_type = (char *)blob->media_type;
		made->layers[i].size = blob->size;
		manifest.layers[i] = (struct spec_descriptor){ .media_type = type_of(job, blob->media_type), .digest = blob->digest, .size = blob->size };
	}
	if (r < 0)
		return r;
	spec_manifest_encode(&manifest, &text);
	r = build_document_put(&job->lease, job->arena, manifest.media_type, &text, &job->manifests[p], err);
	made->id = manifest.config.digest;
	made->digest = job->manifests[p].digest;
	return r;
}

static int make_part(struct job *job, size_t p, struct error *err)
{
	const struct spec_build_image_part *part = &job->work.parts[p];
	struct spec_platform *platform = arena_alloc(job->arena, 1, sizeof *platform);
	int r = make_manifest(job, p, err);

	if (r == 0)
		r = platform_choose(job->arena, part->platform, platform, err);
	if (r == 0 && part->statement_count)
		r = build_attestation_make(&job->lease, job->arena, &(struct build_attestation_subject){ .names = job->work.names, .platform = part->platform,
			.digest = job->manifests[p].digest }, part, &job->attestations[p], err);
	job->manifests[p].platform = platform;
	return r;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool wants_index(const struct job *job)
{
	bool wants = job->work.wants_index || job->work.part_count > 1;

	for (size_t p = 0; p < job->work.part_count; p++)
		wants = wants || job->work.parts[p].statement_count;
	return wants;
}

static struct spec_descriptor in_index(const struct job *job, size_t p)
{
	struct spec_descriptor descriptor = job->manifests[p];

	descriptor.annotations = job->work.parts[p].descriptor_annotations;
	descriptor.annotation_count = job->work.parts[p].descriptor_annotation_count;
	return descriptor;
}

/* Or the one manifest that there is. */
static int make_index(struct job *job, struct spec_descriptor *ret, struct error *err)
{
	size_t count = job->work.part_count;
	struct spec_index index = { .media_type = type_of(job, SPEC_OCI_INDEX), .annotations = job->work.annotations,
		.annotation_count = job->work.annotation_count };
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!wants_index(job)) {
		*ret = job->manifests[0];
		return 0;
	}
	index.manifests = arena_alloc(job->arena, 2 * count, sizeof *index.manifests);
	for (size_t p = 0; p < count; p++)
		index.manifests[index.manifest_count++] = in_index(job, p);
	for (size_t p = 0; p < count; p++)
		if (job->attestations[p].digest)
			index.manifests[index.manifest_count++] = job->attestations[p];
	spec_index_encode(&index, &text);
	return build_document_put(&job->lease, job->arena, index.media_type, &text, ret, err);
}

/* The part that runs here best; the first if none does. */
static size_t choose_part(const struct job *job)
{
	struct spec_platform host;
	unsigned best_rank = SPEC_PLATFORM_NO_MATCH;
	size_t best = 0;

	if (platform_choose(job->arena, NULL, &host, NULL) < 0)
		return 0;
	for (size_t p = 0; p < job->work.part_count; p++) {
		unsigned rank = spec_platform_rank(&host, job->manifests[p].platform);

		if (rank < best_rank) {
			best_rank = rank;
			best = p;
		}
	}
	return best;
}

static int sum_layers(struct job *job, const struct spec_build_image_part *part, uint64_t *ret, struct error *err)
{
	uint64_t sum = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->layer_count; i++) {
		struct spec_layer record;

		r = layer_read(&job->store, job->arena, part->layers[i].chain_id, &record, err);
		if (r == 0)
			sum += record.size;
	}
	*ret = sum;
	return r;
}

static int put_names(struct job *job, const struct spec_descriptor *target, struct error *err)
{
	size_t chosen = choose_part(job);
	const struct spec_build_image_part *part = &job->work.parts[chosen];
	struct image image = { .media_type = target->media_type, .target = target->digest, .target_size = target->size,
		.manifest = job->manifests[chosen].digest, .id = job->report.parts[chosen].id, .created = job->work.created,
		.top_layer = part->layer_count ? part->layers[part->layer_count - 1].chain_id : NULL,
		.platform = spec_platform_text(job->arena, job->manifests[chosen].platform) };
	int r = sum_layers(job, part, &image.size, err);

	if (r == 0 && !job->work.names[0])
		r = image_put(&job->store, &image, err);
	for (size_t i = 0; r == 0 && job->work.names[i]; i++) {
		image.name = job->work.names[i];
		r = image_put(&job->store, &image, err);
	}
	return r;
}

static int make_image(struct job *job, struct error *err)
{
	struct spec_descriptor target = { .digest = NULL };
	size_t count = job->work.part_count;
	int r = build_blob_choose(job->work.compression, job->work.compression_level, &job->form, err);

	job->form.is_forced = job->work.force_compression;
	list_layers(job);
	job->manifests = arena_alloc(job->arena, count, sizeof *job->manifests);
	job->attestations = arena_alloc(job->arena, count, sizeof *job->attestations);
	job->report.parts = arena_alloc(job->arena, count, sizeof *job->report.parts);
	job->report.part_count = count;
	if (r == 0)
		r = make_blobs(job, err);
	for (size_t p = 0; r == 0 && p < count; p++)
		r = make_part(job, p, err);
	if (r == 0)
		r = make_index(job, &target, err);
	if (r == 0 && !job->work.is_unlisted)
		r = put_names(job, &target, err);
	job->report.id = job->report.parts[0].id;
	job->report.digest = target.digest;
	job->report.media_type = target.media_type;
	job->report.size = target.size;
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new(), .globals = call->globals, .store = STORE_INIT, .lease = LEASE_INIT };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_image_decode(job.arena, text.data, text.length, &job.work, err);
	if (r == 0)
		r = session_open_store(call->globals, &job.store, err);
	if (r == 0)
		r = build_work_lease(call, &job.store, &job.lease, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &job.store.fd, .writable_count = 1 });
	r = make_image(&job, err);
	if (r == 0)
		spec_build_image_report_encode(&job.report, out);
	else
		session_hint_full(err);
	return r;
}

const struct command build_image_command = {
	.command = {
		.name = "image",
		.summary = "make an image of layers",
		.description = "Writes blobs of layers that have none, configurations, manifests, attestations and an index as its work says, names the image, "
			"and prints what it is as JSON.",
		.entries = build_work_entries,
	},
	.request_size = sizeof(struct build_work_request),
	.run = run,
};
