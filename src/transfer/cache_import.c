/* SPDX-License-Identifier: Apache-2.0 */
/* cache-import: what a build cache, or an image that has one in it, says. Nothing comes into the store. */
#include "spec/build_cache.h"
#include "spec/image_config.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "transfer/cache_place.h"
#include "transfer/session.h"

#define MANIFEST_LIMIT 64 /* of an index that are looked at */
#define BUILDKIT_TYPE "application/vnd.buildkit.cacheconfig.v0"

struct import_request {
	struct cache_place_request place;
};

static const struct option_entry entries[] = {
	CACHE_PLACE_ENTRIES(struct import_request, place),
	{ 0 },
};

struct import {
	struct arena *arena;
	struct cache_place place;
	struct spec_build_cache cache;
	bool found, is_buildkits;
};

static void import_done(struct import *in)
{
	cache_place_close(&in->place);
	arena_free(in->arena);
}

/* ---- manifests -------------------------------------------------------------------------- */

/* Where the layers' bytes are. What is no archive, or must not be passed on, is none. */
static void add_blobs(struct spec_build_cache *cache, const struct spec_manifest *manifest)
{
	for (size_t i = 0; i < cache->layer_count; i++) {
		const char *type = manifest->layers[i].media_type;

		cache->layers[i].digest = NULL;
		if (spec_media_kind(type) != SPEC_MEDIA_LAYER || spec_media_is_foreign(type) || !spec_digest_is_verifiable(manifest->layers[i].digest))
			continue;
		cache->layers[i].digest = manifest->layers[i].digest;
		cache->layers[i].media_type = (char *)spec_media_to_oci(type);
		cache->layers[i].size = manifest->layers[i].size;
	}
}

static int add_artifact(struct import *in, const struct spec_manifest *manifest, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_build_cache cache;
	int r = cache_place_read(&in->place, &manifest->config, SPEC_BUILD_CACHE_LIMIT, &text, err);

	if (r == 0)
		r = spec_build_cache_decode(in->arena, text.data, text.length, &cache, err);
	if (r < 0)
		return r;
	if (cache.layer_count != manifest->layer_count)
		return error_set(err, ERROR_INVALID, 0, "its manifest has %zu layers, its configuration %zu", manifest->layer_count, cache.layer_count);
	add_blobs(&cache, manifest);
	spec_build_cache_join(in->arena, &in->cache, &cache);
	in->found = true;
	return 0;
}

/* The configuration says of which layers the manifest's are. */
static int add_image_layers(struct import *in, struct spec_build_cache *cache, const char *text, size_t length, const struct spec_manifest *manifest,
	struct error *err)
{
	struct spec_image_config *config = NULL;
	int r = spec_image_config_decode(in->arena, text, length, &config, err);

	if (r < 0)
		return r;
	if (config->diff_id_count != manifest->layer_count)
		return error_set(err, ERROR_INVALID, 0, "the manifest has %zu layers, its configuration %zu", manifest->layer_count, config->diff_id_count);
	cache->layer_count = manifest->layer_count;
	cache->layers = arena_alloc(in->arena, cache->layer_count + 1, sizeof *cache->layers);
	for (size_t i = 0; i < cache->layer_count; i++)
		cache->layers[i].diff_id = config->diff_ids[i];
	add_blobs(cache, manifest);
	cache->mount_count = 0;
	return 0;
}

static int add_image(struct import *in, const struct spec_manifest *manifest, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, member = BUF_INIT;
	struct spec_build_cache cache;
	int r = cache_place_read(&in->place, &manifest->config, SPEC_IMAGE_CONFIG_LIMIT, &text, err);

	if (r == 0)
		r = spec_build_cache_find(in->arena, text.data, text.length, &member, err);
	if (r == -ENOENT && member.length == 0)
		return 0;
	if (r == 0)
		r = spec_build_cache_decode(in->arena, member.data, member.length, &cache, err);
	if (r == 0)
		r = add_image_layers(in, &cache, text.data, text.length, manifest, err);
	if (r < 0)
		return r;
	spec_build_cache_join(in->arena, &in->cache, &cache);
	in->found = true;
	return 0;
}

static int add_manifest(struct import *in, const struct buf *body, struct error *err)
{
	struct spec_manifest *manifest = NULL;
	int r = spec_manifest_decode(in->arena, body->data, body->length, &manifest, err);

	if (r < 0)
		return r;
	if (str_equal(manifest->config.media_type, SPEC_BUILD_CACHE_TYPE))
		return add_artifact(in, manifest, err);
	in->is_buildkits = in->is_buildkits || str_equal(manifest->config.media_type, BUILDKIT_TYPE);
	return spec_manifest_is_image(manifest) ? add_image(in, manifest, err) : 0;
}

/* ---- what is asked for ------------------------------------------------------------------- */

/* The body lives in DOCUMENT. */
static int get(struct import *in, const char *reference, struct source_document *document, enum spec_media_kind *ret, struct error *err)
{
	int r = in->place.source.ops->get_document(in->place.source.context, reference, document, err);

	if (r < 0)
		return r;
	if (spec_digest_is_valid(reference) && !str_equal(reference, document->digest))
		return error_set(err, ERROR_INVALID, EBADMSG, "what came as the manifest '%.200s' has the digest '%s'", reference, document->digest);
	return spec_manifest_kind(document->body.data ? document->body.data : "", document->body.length,
		spec_media_kind(document->media_type) == SPEC_MEDIA_UNKNOWN ? NULL : document->media_type, ret, err);
}

static int add_listed(struct import *in, const struct spec_descriptor *listed, struct error *err)
{
	_cleanup_source_document_ struct source_document document = { .body = BUF_INIT };
	enum spec_media_kind kind;
	int r;

	in->is_buildkits = in->is_buildkits || str_equal(listed->media_type, BUILDKIT_TYPE);
	if (spec_media_kind(listed->media_type) != SPEC_MEDIA_MANIFEST)
		return 0;
	r = get(in, listed->digest, &document, &kind, err);
	if (r < 0)
		return r;
	return kind == SPEC_MEDIA_MANIFEST ? add_manifest(in, &document.body, err) : 0;
}

static int add_index(struct import *in, const struct buf *body, struct error *err)
{
	struct spec_index *index = NULL;
	int r = spec_index_decode(in->arena, body->data, body->length, &index, err);

	for (size_t i = 0; r == 0 && i < index->manifest_count && i < MANIFEST_LIMIT; i++)
		r = add_listed(in, &index->manifests[i], err);
	return r;
}

static int add_all(struct import *in, struct error *err)
{
	_cleanup_source_document_ struct source_document document = { .body = BUF_INIT };
	enum spec_media_kind kind;
	int r = get(in, in->place.reference, &document, &kind, err);

	if (r == 0)
		r = kind == SPEC_MEDIA_INDEX ? add_index(in, &document.body, err) : add_manifest(in, &document.body, err);
	if (r < 0 || in->found)
		return r;
	if (in->is_buildkits)
		return error_set(err, ERROR_UNSUPPORTED, 0, "it is a cache of BuildKit's, which only BuildKit can use");
	return error_set(err, ERROR_NOT_FOUND, 0, "there is no build cache of bivy's in it");
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct import_request *request = call->request;
	_cleanup_(import_done) struct import in = { .arena = arena_new(), .place = CACHE_PLACE_INIT };
	int r = cache_place_open(&in.place, &request->place, in.arena, err);

	if (r < 0)
		return r;
	cache_place_confine(&in.place, NULL, 0);
	r = add_all(&in, err);
	if (r < 0)
		return r;
	spec_build_cache_encode(&in.cache, out);
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_cache_import = {
	.command = {
		.name = "cache-import",
		.summary = "read a build cache",
		.description = "Prints, as JSON, which layers a build cache says that which steps of builds made, and which blobs there are of them. An image may "
			"have such a cache in its configuration.",
		.entries = entries,
	},
	.request_size = sizeof(struct import_request),
	.run = run,
};
