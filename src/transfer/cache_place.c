/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/cache_place.h"

#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "store/digest.h"
#include "transfer/confine.h"

int cache_place_check(const struct cache_place_request *request, struct error *err)
{
	if (!request->registry == !request->directory)
		return error_set(err, ERROR_INVALID, 0, "expected --registry or --directory");
	return 0;
}

static int open_registry(struct cache_place *place, const struct cache_place_request *request, struct error *err)
{
	struct spec_reference reference;
	int r = spec_reference_parse(place->arena, request->registry, &reference, err);

	if (r < 0)
		return r;
	spec_reference_add_default_tag(&reference);
	place->reference = reference.digest ? reference.digest : reference.tag;
	r = remote_world_open(&request->remote, &place->world, err);
	if (r == 0)
		r = remote_open(&place->world, reference.domain, reference.path, CLIENT_PULL, &place->remote, err);
	if (r < 0)
		return r;
	place->is_remote = true;
	place->registry = registry_source_new(&place->remote);
	place->source = registry_source_interface(place->registry);
	return 0;
}

/* What the layout has under that name. */
static int find_in_index(struct cache_place *place, const char *tag, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;
	const struct spec_descriptor *found;
	int r = archive_read(&place->archive, "index.json", SPEC_MANIFEST_LIMIT, &text, err);

	if (r == 0)
		r = spec_index_decode(place->arena, text.data, text.length, &index, err);
	if (r < 0)
		return r;
	found = spec_index_find(index, SPEC_ANNOTATION_REF_NAME, tag);
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, 0, "there is no '%.200s' in it", tag);
	place->reference = found->digest;
	return 0;
}

static int open_directory(struct cache_place *place, const struct cache_place_request *request, struct error *err)
{
	static const struct store no_store = STORE_INIT;
	int r = archive_open(&no_store, request->directory, &place->archive, err);

	if (r < 0)
		return r;
	if (place->archive.index)
		return error_set(err, ERROR_INVALID, ENOTDIR, "'%.400s'", request->directory);
	place->content = content_source_begin(&place->archive);
	place->content.has_blobs = true;
	place->source = content_source(&place->content);
	if (!request->digest)
		return find_in_index(place, request->tag ? request->tag : CACHE_PLACE_TAG, err);
	if (!spec_digest_is_verifiable(request->digest))
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is no digest", request->digest);
	place->reference = request->digest;
	return 0;
}

int cache_place_open(struct cache_place *place, const struct cache_place_request *request, struct arena *arena, struct error *err)
{
	int r = cache_place_check(request, err);

	place->arena = arena;
	if (r < 0)
		return r;
	return request->registry ? open_registry(place, request, err) : open_directory(place, request, err);
}

void cache_place_close(struct cache_place *place)
{
	registry_source_free(place->registry);
	if (place->is_remote)
		remote_close(&place->remote);
	remote_world_done(&place->world);
	content_source_done(&place->content);
	archive_close(&place->archive);
}

void cache_place_confine(const struct cache_place *place, const int *writable, size_t writable_count)
{
	unsigned network = place->is_remote ? remote_world_needs(&place->world) : 0;

	confine(&(struct confinement){ .writable = writable, .writable_count = writable_count, .properties = network });
}

int cache_place_read(const struct cache_place *place, const struct spec_descriptor *blob, size_t limit, struct buf *out, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new(blob->digest);
	struct digest_tap tap = { .digest = digest };
	struct source_blob opened;
	char text[DIGEST_TEXT_SIZE];
	int r;

	if (!digest)
		return error_set(err, ERROR_UNSUPPORTED, 0, "the digest '%.200s' cannot be verified", blob->digest);
	if (blob->size > limit)
		return error_set(err, ERROR_INVALID, EFBIG, "the blob '%.200s'", blob->digest);
	r = place->source.ops->open_blob(place->source.context, blob, 0, &opened, err);
	if (r < 0)
		return r;
	tap.upstream = opened.stream;
	buf_add(out, "", 0);
	r = stream_copy(digest_stream(&tap), sink_to_buf(out), limit, NULL, err);
	place->source.ops->close_blob(place->source.context, &opened);
	if (r < 0)
		return r;
	digest_finish(digest, text);
	if (!str_equal(text, blob->digest))
		return error_set(err, ERROR_INVALID, EBADMSG, "what came as the blob '%s' has the digest '%s'", blob->digest, text);
	return 0;
}
