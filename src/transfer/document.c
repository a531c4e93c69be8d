/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/document.h"

#include "spec/image_digest.h"
#include "store/blobs.h"
#include "store/digest.h"

#include <time.h>

void source_document_done(struct source_document *document)
{
	buf_done(&document->body);
	free(document->media_type);
	free(document->digest);
	*document = (struct source_document){ .body = BUF_INIT };
}

static int keep_document(const struct store *store, const struct document *document, struct error *err)
{
	int r;

	/* Another command may be writing the same bytes right now. */
	while ((r = blob_put(store, document->digest, document->text, document->length, err)) == -EBUSY)
		ignore_result(nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL));
	return r;
}

static int check_document(const struct source_document *source, const char *digest, struct error *err)
{
	_cleanup_digest_ struct digest *computed = digest_new(digest);
	char text[DIGEST_TEXT_SIZE];

	if (!computed)
		return error_set(err, ERROR_UNSUPPORTED, 0, "the digest '%.200s' cannot be verified", digest);
	digest_add(computed, source->body.data ? source->body.data : "", source->body.length);
	digest_finish(computed, text);
	if (!str_equal(text, digest))
		return error_set(err, ERROR_INVALID, EBADMSG, "what came as the manifest '%s' has the digest '%s'", digest, text);
	return 0;
}

static int get_from_store(const struct store *store, const char *digest, struct source_document *ret, struct error *err)
{
	ret->digest = str_dup(digest);
	return blob_read(store, digest, SPEC_MANIFEST_LIMIT, &ret->body, err);
}

int document_get(struct lease *lease, const struct image_source *from, const char *reference, const char *media_type, struct arena *arena,
		 struct document *ret, struct error *err)
{
	_cleanup_source_document_ struct source_document source = { .body = BUF_INIT };
	const char *digest = spec_digest_is_valid(reference) ? reference : NULL;
	int r = digest ? lease_add(lease, digest, err) : 0;

	if (r < 0)
		return r;
	if (digest && blob_exists(lease->store, digest, UINT64_MAX))
		r = get_from_store(lease->store, digest, &source, err);
	else
		r = from->ops->get_document(from->context, reference, &source, err);
	if (r == 0)
		r = check_document(&source, digest ? digest : source.digest, err);
	if (r == 0 && !digest)
		r = lease_add(lease, source.digest, err);
	if (r < 0)
		return r;
	*ret = (struct document){ .digest = arena_strdup(arena, source.digest), .length = source.body.length,
				  .text = arena_strndup(arena, source.body.data ? source.body.data : "", source.body.length) };
	if (!media_type && source.media_type)
		media_type = arena_strdup(arena, source.media_type);
	/* What registries call a file of an unknown kind says nothing. */
	ret->media_type = spec_media_kind(media_type) == SPEC_MEDIA_UNKNOWN ? NULL : media_type;
	r = spec_manifest_kind(ret->text, ret->length, ret->media_type, &ret->kind, err);
	return r < 0 ? r : keep_document(lease->store, ret, err);
}
