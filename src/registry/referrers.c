/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/referrers.h"

#include "base/memory.h"
#include "spec/image_index.h"
#include "spec/reference.h"

char *referrers_tag(const char *digest)
{
	char *tag = str_dup(digest);

	*strchr(tag, ':') = '-';
	if (strlen(tag) > SPEC_REFERENCE_TAG_LIMIT)
		tag[SPEC_REFERENCE_TAG_LIMIT] = '\0';
	return tag;
}

/* The index that is there, or an empty one. */
static int get_index(struct client *client, const char *tag, struct arena *arena, struct spec_index **ret, struct error *err)
{
	static char media_type[] = SPEC_OCI_INDEX;
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct error own = ERROR_INIT;
	int r = client_get_manifest(client, tag, &manifest, &own);

	if (r == 0)
		return spec_index_decode(arena, manifest.body.data ? manifest.body.data : "", manifest.body.length, ret, err);
	if (r == -ENOENT) {
		*ret = arena_alloc(arena, 1, sizeof **ret);
		(*ret)->media_type = media_type;
		return 0;
	}
	if (err)
		*err = own;
	return r;
}

int referrers_add(struct client *client, const char *subject, const struct spec_descriptor *referrer, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *tag = referrers_tag(subject);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;
	struct spec_descriptor *list;
	int r = get_index(client, tag, arena, &index, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_equal(index->manifests[i].digest, referrer->digest))
			return 0;
	list = arena_alloc(arena, index->manifest_count + 1, sizeof *list);
	if (index->manifest_count)
		memcpy(list, index->manifests, index->manifest_count * sizeof *list);
	list[index->manifest_count++] = *referrer;
	index->manifests = list;
	spec_index_encode(index, &text);
	return client_put_manifest(client, tag, index->media_type, text.data, text.length, NULL, err);
}
