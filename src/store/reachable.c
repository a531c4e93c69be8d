/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of reading matters: leases before index.json and the roots. A
 * command that names its image, or makes its root, and then ends its lease while
 * this runs is seen in one of the two.
 */
#include "store/reachable.h"
#include "base/str.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/lease.h"

/* Indexes may name indexes; nothing sensible nests deeper. */
#define INDEX_DEPTH_LIMIT 8

struct search {
	const struct store *store;
	struct reachable *found;
	struct path_set *read; /* documents whose references have been followed; a lease may have told their digests before */
	struct error *err;
};

static int reach_document(const struct search *search, const char *digest, const char *media_type, unsigned depth);

/* ---- layers -------------------------------------------------------------------- */

/* CHAIN_ID and all below it, down to one that is missing or was reached before. */
static int reach_layers(const struct search *search, const char *chain_id)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	while (chain_id && layer_exists(search->store, chain_id) && path_set_add(search->found->layers, chain_id)) {
		struct spec_layer layer;
		int r = layer_read(search->store, arena, chain_id, &layer, search->err);

		if (r < 0)
			return r;
		chain_id = layer.parent;
	}
	return 0;
}

/* ---- blobs ------------------------------------------------------------------------ */

static int fail_unreadable(const struct search *search, const char *digest)
{
	return error_wrap(search->err, "cannot read the blob '%s'", digest);
}

static int reach_index(const struct search *search, const char *digest, const struct buf *text, unsigned depth)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_index *index = NULL;
	int r = spec_index_decode(arena, text->data, text->length, &index, search->err);

	if (r < 0)
		return fail_unreadable(search, digest);
	for (size_t i = 0; r == 0 && i < index->manifest_count; i++)
		r = reach_document(search, index->manifests[i].digest, index->manifests[i].media_type, depth + 1);
	return r;
}

static int reach_manifest(const struct search *search, const char *digest, const struct buf *text)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_manifest *manifest = NULL;

	if (spec_manifest_decode(arena, text->data, text->length, &manifest, search->err) < 0)
		return fail_unreadable(search, digest);
	path_set_add(search->found->blobs, manifest->config.digest);
	for (size_t i = 0; i < manifest->layer_count; i++)
		path_set_add(search->found->blobs, manifest->layers[i].digest);
	return 0;
}

/* The blob, and what it names if it is a manifest or an index. */
static int reach_document(const struct search *search, const char *digest, const char *media_type, unsigned depth)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum spec_media_kind kind = spec_media_kind(media_type);
	int r;

	path_set_add(search->found->blobs, digest);
	if ((kind != SPEC_MEDIA_INDEX && kind != SPEC_MEDIA_MANIFEST) || !blob_exists(search->store, digest, UINT64_MAX) ||
	    !path_set_add(search->read, digest))
		return 0;
	if (depth > INDEX_DEPTH_LIMIT)
		return error_set(search->err, ERROR_INVALID, 0, "indexes name each other more than %d times", INDEX_DEPTH_LIMIT);
	r = blob_read(search->store, digest, SPEC_MANIFEST_LIMIT, &text, search->err);
	if (r < 0)
		return r;
	if (!text.data)
		return error_set(search->err, ERROR_INVALID, 0, "the blob '%s' is empty", digest);
	return kind == SPEC_MEDIA_INDEX ? reach_index(search, digest, &text, depth) : reach_manifest(search, digest, &text);
}

/* ---- roots -------------------------------------------------------------------------- */

/* Layers' blobs are roots, too, and are not to be read for that. */
static bool is_json(const struct search *search, const char *digest)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t size;
	char first;

	if (blob_open(search->store, digest, &fd, &size, NULL) < 0)
		return false;
	return size <= SPEC_MANIFEST_LIMIT && pread(fd, &first, 1, 0) == 1 && strchr("{ \t\r\n", first) && first;
}

/* The media type of the document that the blob is, NULL if it is none, or too long for one. */
static const char *guess_type(const struct search *search, const char *digest)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN;

	if (!blob_exists(search->store, digest, UINT64_MAX) || !is_json(search, digest) ||
	    blob_read(search->store, digest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 || !text.data)
		return NULL;
	if (spec_manifest_kind(text.data, text.length, NULL, &kind, NULL) < 0)
		return NULL;
	return kind == SPEC_MEDIA_INDEX ? SPEC_OCI_INDEX : SPEC_OCI_MANIFEST;
}

/* A lease lists everything that it needs, each for itself. */
static int reach_leases(const struct search *search)
{
	_cleanup_buf_ struct buf digests = BUF_INIT;
	char *digest, *place = NULL;
	int r = lease_collect(search->store, &digests);

	if (r < 0)
		return error_errno(search->err, -r, "cannot read '%s/leases'", search->store->path);
	digest = digests.data ? strtok_r(digests.data, "\n", &place) : NULL;
	for (; r == 0 && digest; digest = strtok_r(NULL, "\n", &place)) {
		path_set_add(search->found->blobs, digest);
		r = reach_layers(search, digest);
	}
	return r;
}

static int reach_images(const struct search *search)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(search->store, arena, &images, &count, search->err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = reach_document(search, images[i].target, images[i].media_type, 0);
		if (r == 0)
			r = reach_layers(search, images[i].top_layer);
	}
	return r;
}

static int reach_root(const struct search *search, const char *digest)
{
	int r = reach_document(search, digest, guess_type(search, digest), 0);

	return r < 0 ? r : reach_layers(search, digest);
}

static int reach_roots(const struct search *search, const struct store_roots *roots)
{
	_cleanup_buf_ struct buf more = BUF_INIT;
	char *digest, *place = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && roots->digests && roots->digests[i]; i++)
		r = reach_root(search, roots->digests[i]);
	if (r == 0 && roots->add)
		r = roots->add(roots->context, &more, search->err);
	digest = more.data ? strtok_r(more.data, "\n", &place) : NULL;
	for (; r == 0 && digest; digest = strtok_r(NULL, "\n", &place))
		r = reach_root(search, digest);
	return r;
}

int reachable_find(const struct store *store, const struct store_roots *roots, struct reachable *ret, struct error *err)
{
	_cleanup_path_set_ struct path_set *read = path_set_new();
	struct reachable found = { .blobs = path_set_new(), .layers = path_set_new() };
	const struct search search = { .store = store, .found = &found, .read = read, .err = err };
	int r = reach_leases(&search);

	if (r == 0)
		r = reach_images(&search);
	if (r == 0 && roots)
		r = reach_roots(&search, roots);
	if (r < 0) {
		reachable_done(&found);
		return r;
	}
	*ret = found;
	return 0;
}

void reachable_done(struct reachable *reachable)
{
	if (reachable->blobs)
		path_set_free(reachable->blobs);
	if (reachable->layers)
		path_set_free(reachable->layers);
	*reachable = (struct reachable){ .blobs = NULL };
}
