/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_content.h"
#include "spec/image_index.h"
#include "store/blobs.h"
#include "store/layers.h"

/* Indexes in indexes; as deep as the store follows them itself. */
#define DEPTH_LIMIT 8

static int read_manifest(const struct store *store, struct arena *arena, const char *digest, struct spec_manifest **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = blob_read(store, digest, SPEC_MANIFEST_LIMIT, &text, err);

	if (r == 0)
		r = spec_manifest_decode(arena, text.data ? text.data : "", text.length, ret, err);
	return r;
}

static int read_config(const struct store *store, struct arena *arena, const char *digest, struct spec_image_config **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = blob_read(store, digest, SPEC_IMAGE_CONFIG_LIMIT, &text, err);

	if (r == 0)
		r = spec_image_config_decode(arena, text.data ? text.data : "", text.length, ret, err);
	return r;
}

int image_content_read(const struct store *store, struct arena *arena, const struct image *image, struct image_documents *ret, struct error *err)
{
	struct spec_manifest *manifest = NULL;
	struct spec_image_config *config = NULL;
	int r = read_manifest(store, arena, image->manifest, &manifest, err);

	if (r == 0 && spec_manifest_is_image(manifest))
		r = read_config(store, arena, manifest->config.digest, &config, err);
	if (r < 0)
		return error_wrap(err, "cannot read the image '%.200s'", image->name ? image->name : image->id);
	*ret = (struct image_documents){ manifest, config };
	return 0;
}

/* ---- all of it ------------------------------------------------------------------ */

struct visit {
	const struct store *store;
	image_content_each *each;
	void *context;
};

static int visit_document(const struct visit *visit, const char *digest, unsigned depth);

static int visit_blob(const struct visit *visit, const char *digest)
{
	return blob_exists(visit->store, digest, UINT64_MAX) ? visit->each(visit->context, digest, false) : 0;
}

static int visit_index(const struct visit *visit, struct arena *arena, const struct buf *text, unsigned depth)
{
	struct spec_index *index = NULL;
	int r = 0;

	if (spec_index_decode(arena, text->data, text->length, &index, NULL) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < index->manifest_count; i++)
		r = visit_document(visit, index->manifests[i].digest, depth + 1);
	return r;
}

static int visit_manifest(const struct visit *visit, struct arena *arena, const struct buf *text)
{
	struct spec_manifest *manifest = NULL;
	int r;

	if (spec_manifest_decode(arena, text->data, text->length, &manifest, NULL) < 0)
		return 0;
	r = visit_blob(visit, manifest->config.digest);
	for (size_t i = 0; r == 0 && i < manifest->layer_count; i++)
		r = visit_blob(visit, manifest->layers[i].digest);
	return r;
}

static int visit_document(const struct visit *visit, const char *digest, unsigned depth)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN;
	int r = visit_blob(visit, digest);

	if (r != 0 || depth > DEPTH_LIMIT || blob_read(visit->store, digest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 || !text.data ||
	    spec_manifest_kind(text.data, text.length, NULL, &kind, NULL) < 0)
		return r;
	return kind == SPEC_MEDIA_INDEX ? visit_index(visit, arena, &text, depth) : visit_manifest(visit, arena, &text);
}

static int visit_layers(const struct visit *visit, const char *chain_id)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = 0;

	while (r == 0 && chain_id && layer_exists(visit->store, chain_id)) {
		struct spec_layer layer;

		r = visit->each(visit->context, chain_id, true);
		if (layer_read(visit->store, arena, chain_id, &layer, NULL) < 0)
			break;
		chain_id = layer.parent;
	}
	return r;
}

int image_content_visit(const struct store *store, const struct image *image, image_content_each *each, void *context)
{
	const struct visit visit = { store, each, context };
	int r = visit_document(&visit, image->target, 0);

	return r ? r : visit_layers(&visit, image->top_layer);
}
