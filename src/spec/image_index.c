/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_index.h"
#include "spec/decode.h"
#include "spec/manifest.h"

enum index_field { INDEX_VERSION, INDEX_MANIFESTS, INDEX_SUBJECT };

static const struct field index_fields[] = {
	FIELD_BY(INDEX_VERSION, "schemaVersion", 0),
	FIELD(STRING, struct spec_index, media_type, "mediaType"),
	FIELD(STRING, struct spec_index, artifact_type, "artifactType"),
	FIELD_BY(INDEX_MANIFESTS, "manifests", FIELD_REQUIRED),
	FIELD_BY(INDEX_SUBJECT, "subject", 0),
	FIELD_LIST(PAIRS, struct spec_index, annotations, annotation_count, "annotations"),
};

static int decode_index_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_index *index = object;

	switch ((enum index_field)id) {
	case INDEX_VERSION:
		return decode_schema_version(d, value);
	case INDEX_MANIFESTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *index->manifests, decode_descriptor, &index->manifests, &index->manifest_count);
	case INDEX_SUBJECT:
		return decode_descriptor_pointer(d, value, &index->subject);
	}
	return -EINVAL;
}

/* What spec_manifest_kind() refuses: a document that is a manifest too, or says that it is one. */
static int check_shape(const struct decoder *d, const struct spec_index *index)
{
	if (json_member(d->root, "config") || json_member(d->root, "layers") || json_member(d->root, "fsLayers"))
		return decode_fail(d, d->root, "it can be read as an index and as a manifest");
	if (index->media_type && spec_media_kind(index->media_type) != SPEC_MEDIA_INDEX &&
	    spec_media_kind(index->media_type) != SPEC_MEDIA_UNKNOWN)
		return decode_fail_member(d, d->root, "mediaType", "'%.100s' is not what the document is", index->media_type);
	return 0;
}

int spec_index_decode(struct arena *arena, const char *text, size_t length, struct spec_index **ret, struct error *err)
{
	static char oci_index[] = SPEC_OCI_INDEX;
	struct decoder d = { .arena = arena, .name = "index", .prefix = "", .err = err };
	struct spec_index *index = arena_alloc(arena, 1, sizeof *index);
	int r;

	if (length > SPEC_INDEX_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "index");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, index_fields, ARRAY_SIZE(index_fields), index, decode_index_field);
	if (r == 0)
		r = check_shape(&d, index);
	if (r < 0)
		return r;
	if (!index->media_type)
		index->media_type = oci_index;
	index->source = d.root;
	*ret = index;
	return 0;
}

void spec_index_encode(const struct spec_index *index, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_int(&w, "schemaVersion", 2);
	json_write_string(&w, "mediaType", index->media_type);
	if (index->artifact_type)
		json_write_string(&w, "artifactType", index->artifact_type);
	json_write_open(&w, "manifests", '[');
	for (size_t i = 0; i < index->manifest_count; i++)
		spec_descriptor_write(&w, NULL, &index->manifests[i]);
	json_write_close(&w, ']');
	if (index->subject)
		spec_descriptor_write(&w, "subject", index->subject);
	if (index->annotations)
		encode_pairs(&w, "annotations", index->annotations, index->annotation_count);
	encode_unknown_fields(&w, index_fields, ARRAY_SIZE(index_fields), index->source);
	json_write_close(&w, '}');
}

/* ---- choosing ---------------------------------------------------------------------- */

const struct spec_descriptor *spec_index_select(const struct spec_index *index, const struct spec_platform *wanted)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_descriptor *best = NULL;
	unsigned best_rank = SPEC_PLATFORM_NO_MATCH;

	if (index->manifest_count == 1 && !index->manifests[0].platform)
		return &index->manifests[0];
	for (size_t i = 0; i < index->manifest_count; i++) {
		const struct spec_descriptor *manifest = &index->manifests[i];
		struct spec_platform offered;
		unsigned rank;

		if (!manifest->platform)
			continue;
		offered = spec_platform_normalize(arena, manifest->platform);
		rank = spec_platform_rank(wanted, &offered);
		if (rank < best_rank) {
			best = manifest;
			best_rank = rank;
		}
	}
	return best;
}

/* Manifests of something else than an image, such as an attestation, have the platform "unknown/unknown". */
static bool is_offer(const struct spec_platform *platform)
{
	return platform && !str_equal(platform->os, "unknown");
}

char *spec_index_platforms(struct arena *arena, const struct spec_index *index)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	buf_add_text(&list, "");
	for (size_t i = 0; i < index->manifest_count; i++)
		if (is_offer(index->manifests[i].platform))
			buf_printf(&list, "%s%s", list.length ? ", " : "", spec_platform_text(arena, index->manifests[i].platform));
	return arena_strndup(arena, list.data ? list.data : "", list.length);
}

struct spec_descriptor *spec_index_find(const struct spec_index *index, const char *key, const char *value)
{
	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_equal(spec_descriptor_annotation(&index->manifests[i], key), value))
			return &index->manifests[i];
	return NULL;
}
