/* SPDX-License-Identifier: Apache-2.0 */
/* push: images of the store go to the registry that their name says. */
#include "base/json.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/lease.h"
#include "transfer/platform.h"
#include "transfer/send.h"
#include "transfer/session.h"
#include "transfer/store_source.h"

struct push_request {
	struct remote_options remote;
	bool all_tags;
};

static const struct option_entry push_entries[] = {
	{ "all-tags", 'a', OPTION_FLAG, 0, offsetof(struct push_request, all_tags), NULL, "push all tags of the repository that the store has" },
	REMOTE_ENTRIES(struct push_request, remote),
	{ 0 },
};

struct push {
	const struct transfer_globals *globals;
	struct arena *arena;
	struct store store;
	struct lease lease;
	struct remote_world world;
	struct remote remote;
	struct spec_platform platform;
	struct spec_reference reference;
	struct image *images; /* all of the store */
	size_t count;
	struct origin *origins;
	size_t origin_count;
};

static void push_done(struct push *push)
{
	lease_end(&push->lease);
	free(push->origins);
	remote_close(&push->remote);
	remote_world_done(&push->world);
	store_close(&push->store);
}

/* ---- what the store has of an image ----------------------------------------------------- */

static struct spec_manifest *read_manifest(struct push *push, const char *digest)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;

	if (!blob_exists(&push->store, digest, UINT64_MAX) || blob_read(&push->store, digest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 || !text.data ||
	    spec_manifest_decode(push->arena, text.data, text.length, &manifest, NULL) < 0)
		return NULL;
	return manifest;
}

static bool has_manifest(struct push *push, const char *digest)
{
	const struct spec_manifest *manifest = read_manifest(push, digest);

	if (!manifest || !blob_exists(&push->store, manifest->config.digest, manifest->config.size))
		return false;
	for (size_t i = 0; i < manifest->layer_count; i++)
		if (!spec_media_is_foreign(manifest->layers[i].media_type) &&
		    !blob_exists(&push->store, manifest->layers[i].digest, manifest->layers[i].size))
			return false;
	return true;
}

/* The index that the image's name stands for; NULL if that is a manifest, or cannot be read. */
static struct spec_index *read_index(struct push *push, const struct image *image)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;

	if (str_equal(image->target, image->manifest) || blob_read(&push->store, image->target, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 ||
	    !text.data || spec_index_decode(push->arena, text.data, text.length, &index, NULL) < 0)
		return NULL;
	return index;
}

/* Whether all of what the image's name stands for is here, for all platforms. */
static bool is_whole(struct push *push, const struct image *image, const struct spec_index *index)
{
	if (!index)
		return str_equal(image->target, image->manifest);
	for (size_t i = 0; i < index->manifest_count; i++)
		if (!has_manifest(push, index->manifests[i].digest))
			return false;
	return true;
}

static int hold_manifest(struct push *push, const char *digest, struct error *err)
{
	const struct spec_manifest *manifest = read_manifest(push, digest);
	int r = lease_add(&push->lease, digest, err);

	if (r == 0 && manifest)
		r = lease_add(&push->lease, manifest->config.digest, err);
	for (size_t i = 0; r == 0 && manifest && i < manifest->layer_count; i++)
		r = lease_add(&push->lease, manifest->layers[i].digest, err);
	return r;
}

/* Nobody removes it while it is sent, whatever becomes of its name. */
static int hold_image(struct push *push, const struct image *image, const struct spec_index *index, struct error *err)
{
	int r = lease_add(&push->lease, image->target, err);

	if (r == 0)
		r = hold_manifest(push, image->manifest, err);
	for (size_t i = 0; r == 0 && index && i < index->manifest_count; i++)
		r = hold_manifest(push, index->manifests[i].digest, err);
	return r;
}

/* ---- other repositories of the same registry ----------------------------------------------- */

/* A blob, and a repository that an image with it was pulled from or pushed to. */
struct origin {
	const char *digest, *repository;
};

static int compare_origins(const void *a, const void *b)
{
	return strcmp(((const struct origin *)a)->digest, ((const struct origin *)b)->digest);
}

static void add_origins(struct push *push, const char *repository, const struct spec_manifest *manifest)
{
	push->origins = memory_resize(push->origins, push->origin_count + manifest->layer_count + 1, sizeof *push->origins);
	push->origins[push->origin_count++] = (struct origin){ manifest->config.digest, repository };
	for (size_t i = 0; i < manifest->layer_count; i++)
		push->origins[push->origin_count++] = (struct origin){ manifest->layers[i].digest, repository };
}

/* The registry may say no; then the blob is sent. */
static void find_origins(struct push *push)
{
	for (size_t i = 0; i < push->count; i++) {
		const struct spec_manifest *manifest;
		struct spec_reference reference;

		if (!push->images[i].name || spec_reference_parse(push->arena, push->images[i].name, &reference, NULL) < 0 ||
		    !str_equal(reference.domain, push->reference.domain) || str_equal(reference.path, push->reference.path))
			continue;
		manifest = read_manifest(push, push->images[i].manifest);
		if (manifest)
			add_origins(push, reference.path, manifest);
	}
	if (push->origin_count)
		qsort(push->origins, push->origin_count, sizeof *push->origins, compare_origins);
}

static const char *mount_from(void *context, const char *digest)
{
	const struct push *push = context;
	const struct origin key = { .digest = digest }, *found = NULL;

	if (push->origin_count)
		found = bsearch(&key, push->origins, push->origin_count, sizeof key, compare_origins);
	return found ? found->repository : NULL;
}

/* ---- one image ----------------------------------------------------------------------------- */

static int push_image(struct push *push, const struct spec_reference *reference, const struct image *image, struct json_writer *w, struct error *err)
{
	const struct image_source source = store_source(&push->store);
	const struct spec_index *index = read_index(push, image);
	bool whole = is_whole(push, image, index);
	const struct send_request request = {
		.reference = whole ? image->target : image->manifest,
		.tag = reference->tag,
		.platform = &push->platform,
		.properties = SEND_ALL_PLATFORMS,
		.mount_from = mount_from,
		.mount_context = push,
		.progress = session_progress(push->globals),
	};
	struct send_report report;
	int r = hold_image(push, image, index, err);

	if (r < 0)
		return r;
	if (!whole)
		session_tell_warning(push->globals, "%s is here for %s alone, and pushed as that", image->name, image->platform);
	r = send_image(&source, &push->remote, &request, push->arena, &report, err);
	if (r < 0)
		return error_wrap(err, "cannot push '%s'", spec_reference_familiar(push->arena, reference));
	json_write_open(w, NULL, '{');
	json_write_string(w, "name", image->name);
	json_write_string(w, "tag", reference->tag);
	json_write_string(w, "digest", report.digest);
	json_write_uint(w, "size", report.size);
	json_write_uint(w, "sentBytes", report.sent_bytes);
	json_write_bool(w, "isNew", report.is_new);
	json_write_close(w, '}');
	return 0;
}

/* All images of the repository, or the one with the tag. */
static int push_images(struct push *push, struct json_writer *w, struct error *err)
{
	size_t pushed = 0;
	int r = 0;

	session_tell_status(push->globals, "The push refers to repository [%s]", spec_reference_repository(push->arena, &push->reference));
	for (size_t i = 0; r == 0 && i < push->count; i++) {
		struct spec_reference reference;

		if (!push->images[i].name || spec_reference_parse(push->arena, push->images[i].name, &reference, NULL) < 0 || reference.digest ||
		    !spec_reference_same_repository(&reference, &push->reference))
			continue;
		if (push->reference.tag && !str_equal(push->reference.tag, reference.tag))
			continue;
		r = push_image(push, &reference, &push->images[i], w, err);
		pushed++;
	}
	if (r == 0 && !pushed)
		return error_set(err, ERROR_NOT_FOUND, 0, "cannot push '%s': there is no such image here",
				 spec_reference_familiar(push->arena, &push->reference));
	return r;
}

/* ---- the command ------------------------------------------------------------------------------ */

static int check_request(const struct push_request *request, struct spec_reference *reference, struct error *err)
{
	if (reference->digest)
		return error_set(err, ERROR_INVALID, 0, "what is pushed has a tag, not a digest");
	if (request->all_tags && reference->tag)
		return error_set(err, ERROR_INVALID, 0, "--all-tags takes a repository without a tag");
	if (!request->all_tags)
		spec_reference_add_default_tag(reference);
	return 0;
}

static int push_open(struct push *push, const struct push_request *request, struct error *err)
{
	int r = platform_choose(push->arena, NULL, &push->platform, err);

	if (r == 0)
		r = session_open_store(push->globals, &push->store, err);
	if (r == 0)
		r = lease_begin(&push->store, &push->lease, err);
	if (r == 0)
		r = image_list(&push->store, push->arena, &push->images, &push->count, err);
	if (r == 0)
		r = remote_world_open(&request->remote, &push->world, err);
	if (r == 0)
		r = remote_open(&push->world, push->reference.domain, push->reference.path, CLIENT_PUSH, &push->remote, err);
	if (r < 0)
		return r;
	remote_world_confine(&push->world, push->store.fd);
	find_origins(push);
	return 0;
}

static int run_push(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(push_done) struct push push = { .globals = call->globals, .arena = arena, .store = STORE_INIT, .lease = LEASE_INIT };
	struct json_writer w = { .out = out };
	int r = spec_reference_parse(arena, call->operands[0], &push.reference, err);

	if (r == 0)
		r = check_request(call->request, &push.reference, err);
	if (r == 0)
		r = push_open(&push, call->request, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "images", '[');
	r = push_images(&push, &w, err);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return r;
}

const struct command transfer_push = {
	.command = {
		.name = "push",
		.operands = "REFERENCE",
		.summary = "push an image to a registry",
		.description = "Sends an image of the store, for all platforms if all are there, to the registry that its name says, and prints what it "
			"is there as JSON. What the registry has, in whatever repository, is not sent.",
		.entries = push_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct push_request),
	.run = run_push,
};
