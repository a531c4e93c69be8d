/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/descriptor.h"
#include "spec/decode.h"
#include "spec/image_digest.h"

enum descriptor_field { DESCRIPTOR_DIGEST, DESCRIPTOR_SIZE, DESCRIPTOR_DATA, DESCRIPTOR_PLATFORM };

static const struct field descriptor_fields[] = {
	FIELD_MUST(STRING, struct spec_descriptor, media_type, "mediaType"),
	FIELD_BY(DESCRIPTOR_DIGEST, "digest", FIELD_REQUIRED),
	FIELD_BY(DESCRIPTOR_SIZE, "size", FIELD_REQUIRED),
	FIELD(STRINGS, struct spec_descriptor, urls, "urls"),
	FIELD_LIST(PAIRS, struct spec_descriptor, annotations, annotation_count, "annotations"),
	FIELD_BY(DESCRIPTOR_DATA, "data", 0),
	FIELD_BY(DESCRIPTOR_PLATFORM, "platform", 0),
	FIELD(STRING, struct spec_descriptor, artifact_type, "artifactType"),
};

/* ---- decoding ------------------------------------------------------------------ */

static int decode_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && !spec_digest_is_valid(*ret))
		return decode_fail(d, value, "'%.100s' is no digest", *ret);
	return r;
}

static int decode_descriptor_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_descriptor *descriptor = object;

	switch ((enum descriptor_field)id) {
	case DESCRIPTOR_DIGEST:
		return decode_digest(d, value, &descriptor->digest);
	case DESCRIPTOR_SIZE:
		return decode_uint(d, value, INT64_MAX, &descriptor->size);
	case DESCRIPTOR_DATA:
		return decode_string(d, value, SPEC_MANIFEST_LIMIT, &descriptor->data);
	case DESCRIPTOR_PLATFORM:
		descriptor->platform = arena_alloc(d->arena, 1, sizeof *descriptor->platform);
		return decode_platform(d, value, descriptor->platform);
	}
	return -EINVAL;
}

int decode_descriptor(const struct decoder *d, const struct json *value, void *object)
{
	struct spec_descriptor *descriptor = object;
	int r = decode_fields(d, value, descriptor_fields, ARRAY_SIZE(descriptor_fields), descriptor, decode_descriptor_field);

	if (r < 0)
		return r;
	if (!descriptor->media_type)
		return decode_fail_member(d, value, "mediaType", "must not be empty");
	descriptor->source = value;
	return 0;
}

int decode_descriptor_pointer(const struct decoder *d, const struct json *value, struct spec_descriptor **ret)
{
	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_descriptor(d, value, *ret);
}

int decode_schema_version(const struct decoder *d, const struct json *value)
{
	uint64_t version = 0;
	int r = decode_uint(d, value, UINT64_MAX, &version);

	if (r == 0 && version != 2)
		return decode_fail(d, value, "only version 2 is supported");
	return r;
}

/* ---- writing ---------------------------------------------------------------------- */

const char *spec_descriptor_annotation(const struct spec_descriptor *descriptor, const char *key)
{
	for (size_t i = 0; i < descriptor->annotation_count; i++)
		if (str_equal(descriptor->annotations[i].key, key))
			return descriptor->annotations[i].value;
	return NULL;
}

static void write_platform(struct json_writer *w, const struct spec_descriptor *descriptor)
{
	const struct json *source = descriptor->source ? json_member(descriptor->source, "platform") : NULL;

	json_write_open(w, "platform", '{');
	encode_platform(w, descriptor->platform, source);
	json_write_close(w, '}');
}

void spec_descriptor_write(struct json_writer *w, const char *key, const struct spec_descriptor *descriptor)
{
	json_write_open(w, key, '{');
	json_write_string(w, "mediaType", descriptor->media_type);
	json_write_string(w, "digest", descriptor->digest);
	json_write_uint(w, "size", descriptor->size);
	if (descriptor->urls)
		encode_strings(w, "urls", descriptor->urls);
	if (descriptor->annotations)
		encode_pairs(w, "annotations", descriptor->annotations, descriptor->annotation_count);
	if (descriptor->data)
		json_write_string(w, "data", descriptor->data);
	if (descriptor->platform)
		write_platform(w, descriptor);
	if (descriptor->artifact_type)
		json_write_string(w, "artifactType", descriptor->artifact_type);
	encode_unknown_fields(w, descriptor_fields, ARRAY_SIZE(descriptor_fields), descriptor->source);
	json_write_close(w, '}');
}
