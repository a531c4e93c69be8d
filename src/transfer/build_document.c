/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_document.h"

#include "store/blobs.h"
#include "store/digest.h"

int build_document_put(struct lease *lease, struct arena *arena, const char *media_type, const struct buf *text, struct spec_descriptor *ret,
	struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	char name[DIGEST_TEXT_SIZE];
	int r;

	digest_add(digest, text->data, text->length);
	digest_finish(digest, name);
	r = lease_add(lease, name, err);
	if (r == 0)
		r = blob_put(lease->store, name, text->data, text->length, err);
	*ret = (struct spec_descriptor){ .media_type = arena_strdup(arena, media_type), .digest = arena_strdup(arena, name), .size = text->length };
	return r;
}
