/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/manifest.h"
#include "spec/decode.h"

enum manifest_field { MANIFEST_VERSION, MANIFEST_CONFIG, MANIFEST_LAYERS, MANIFEST_SUBJECT };

static const struct field manifest_fields[] = {
	FIELD_BY(MANIFEST_VERSION, "schemaVersion", 0),
	FIELD(STRING, struct spec_manifest, media_type, "mediaType"),
	FIELD(STRING, struct spec_manifest, artifact_type, "artifactType"),
	FIELD_BY(MANIFEST_CONFIG, "config", FIELD_REQUIRED),
	FIELD_BY(MANIFEST_LAYERS, "layers", FIELD_REQUIRED),
	FIELD_BY(MANIFEST_SUBJECT, "subject", 0),
	FIELD_LIST(PAIRS, struct spec_manifest, annotations, annotation_count, "annotations"),
};

/* ---- which document it is ------------------------------------------------------ */

static bool has(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	return member && member->type != JSON_NULL;
}

/* What the document's shape makes of it. */
static enum spec_media_kind kind_of_shape(const struct json *root)
{
	bool manifest = has(root, "config") || has(root, "layers"), index = has(root, "manifests");

	if (has(root, "fsLayers"))
		return SPEC_MEDIA_SCHEMA_1;
	if (manifest == index)
		return SPEC_MEDIA_UNKNOWN;
	return index ? SPEC_MEDIA_INDEX : SPEC_MEDIA_MANIFEST;
}

/* Whether the media type TEXT is of another kind than KIND; a type that we do not know contradicts nothing. */
static bool contradicts(enum spec_media_kind kind, const char *text)
{
	enum spec_media_kind said = spec_media_kind(text);

	return said != SPEC_MEDIA_UNKNOWN && said != kind;
}

static int check_kind(const struct decoder *d, const char *media_type, enum spec_media_kind kind)
{
	const struct json *member = json_member(d->root, "mediaType");
	const char *inside = member && member->type == JSON_STRING ? member->text : NULL;

	if (kind == SPEC_MEDIA_SCHEMA_1 || spec_media_kind(inside) == SPEC_MEDIA_SCHEMA_1)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "the manifest is of Docker's schema 1, which nothing writes since 2017");
	if (kind == SPEC_MEDIA_UNKNOWN && has(d->root, "manifests"))
		return decode_fail(d, d->root, "it can be read as an index and as a manifest");
	if (kind == SPEC_MEDIA_UNKNOWN)
		return decode_fail(d, d->root, "neither an image manifest nor an index");
	if (contradicts(kind, inside))
		return decode_fail_member(d, d->root, "mediaType", "'%.100s' is not what the document is", inside);
	if (contradicts(kind, media_type))
		return decode_fail(d, d->root, "it is not the '%.100s' that it was said to be", media_type);
	return 0;
}

int spec_manifest_kind(const char *text, size_t length, const char *media_type, enum spec_media_kind *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct decoder d = { .arena = arena, .name = "manifest", .prefix = "", .err = err };
	enum spec_media_kind kind;
	int r;

	if (length > SPEC_MANIFEST_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "manifest");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_expect(&d, d.root, JSON_OBJECT);
	if (r < 0)
		return r;
	kind = kind_of_shape(d.root);
	r = check_kind(&d, media_type, kind);
	if (r == 0)
		*ret = kind;
	return r;
}

/* ---- decoding --------------------------------------------------------------------- */

static int decode_manifest_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_manifest *manifest = object;

	switch ((enum manifest_field)id) {
	case MANIFEST_VERSION:
		return decode_schema_version(d, value);
	case MANIFEST_CONFIG:
		return decode_descriptor(d, value, &manifest->config);
	case MANIFEST_LAYERS:
		return decode_list(d, value, JSON_ARRAY, sizeof *manifest->layers, decode_descriptor, &manifest->layers, &manifest->layer_count);
	case MANIFEST_SUBJECT:
		return decode_descriptor_pointer(d, value, &manifest->subject);
	}
	return -EINVAL;
}

int spec_manifest_decode(struct arena *arena, const char *text, size_t length, struct spec_manifest **ret, struct error *err)
{
	static char oci_manifest[] = SPEC_OCI_MANIFEST;
	struct decoder d = { .arena = arena, .name = "manifest", .prefix = "", .err = err };
	struct spec_manifest *manifest = arena_alloc(arena, 1, sizeof *manifest);
	int r;

	if (length > SPEC_MANIFEST_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "manifest");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, manifest_fields, ARRAY_SIZE(manifest_fields), manifest, decode_manifest_field);
	if (r == 0)
		r = check_kind(&d, NULL, kind_of_shape(d.root));
	if (r < 0)
		return r;
	if (spec_manifest_is_image(manifest) && manifest->layer_count > SPEC_LAYER_LIMIT)
		return decode_fail_member(&d, d.root, "layers", "more than %d", SPEC_LAYER_LIMIT);
	if (!manifest->media_type)
		manifest->media_type = oci_manifest;
	manifest->source = d.root;
	*ret = manifest;
	return 0;
}

bool spec_manifest_is_image(const struct spec_manifest *manifest)
{
	if (spec_media_kind(manifest->config.media_type) != SPEC_MEDIA_CONFIG)
		return false;
	for (size_t i = 0; i < manifest->layer_count; i++)
		if (spec_media_kind(manifest->layers[i].media_type) != SPEC_MEDIA_LAYER)
			return false;
	return true;
}

/* ---- writing ------------------------------------------------------------------------ */

void spec_manifest_encode(const struct spec_manifest *manifest, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_int(&w, "schemaVersion", 2);
	json_write_string(&w, "mediaType", manifest->media_type);
	if (manifest->artifact_type)
		json_write_string(&w, "artifactType", manifest->artifact_type);
	spec_descriptor_write(&w, "config", &manifest->config);
	json_write_open(&w, "layers", '[');
	for (size_t i = 0; i < manifest->layer_count; i++)
		spec_descriptor_write(&w, NULL, &manifest->layers[i]);
	json_write_close(&w, ']');
	if (manifest->subject)
		spec_descriptor_write(&w, "subject", manifest->subject);
	if (manifest->annotations)
		encode_pairs(&w, "annotations", manifest->annotations, manifest->annotation_count);
	encode_unknown_fields(&w, manifest_fields, ARRAY_SIZE(manifest_fields), manifest->source);
	json_write_close(&w, '}');
}
