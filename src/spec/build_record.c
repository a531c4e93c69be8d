/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_record.h"
#include "spec/decode.h"
#include "spec/image_digest.h"

enum record_field { RECORD_FORMAT, RECORD_KEY };

static const struct field fields[] = {
	FIELD_BY(RECORD_FORMAT, "format", FIELD_REQUIRED),
	FIELD_BY(RECORD_KEY, "key", FIELD_REQUIRED),
	FIELD(STRING, struct spec_build_record, description, "description"),
	FIELD_MUST(STRING, struct spec_build_record, created, "created"),
	FIELD(U64, struct spec_build_record, size, "size"),
	FIELD(STRING, struct spec_build_record, chain_id, "chainId"),
	FIELD(STRING, struct spec_build_record, diff_id, "diffId"),
	FIELD(STRING, struct spec_build_record, content_key, "contentKey"),
	FIELD(STRING, struct spec_build_record, blob, "blob"),
	FIELD(STRING, struct spec_build_record, blob_media_type, "blobMediaType"),
	FIELD(U64, struct spec_build_record, blob_size, "blobSize"),
	FIELD(STRING, struct spec_build_record, image_id, "imageId"),
	FIELD(STRING, struct spec_build_record, image_target, "imageTarget"),
	FIELD(STRING, struct spec_build_record, image_media_type, "imageMediaType"),
	FIELD(STRING, struct spec_build_record, image_manifest, "imageManifest"),
	FIELD(STRING, struct spec_build_record, image_platform, "imagePlatform"),
	FIELD(U64, struct spec_build_record, image_target_size, "imageTargetSize"),
};

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_record *record = object;
	uint64_t format = 0;
	int r;

	if (id == RECORD_KEY)
		return decode_string(d, value, SPEC_BUILD_KEY_LIMIT, &record->key);
	r = decode_uint(d, value, UINT64_MAX, &format);
	if (r == 0 && format > SPEC_BUILD_RECORD_FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "%s has format %llu of a newer version, this one reads up to %d", d->name,
			(unsigned long long)format, SPEC_BUILD_RECORD_FORMAT);
	return r;
}

static int check_digests(const struct decoder *d, const struct spec_build_record *record)
{
	const struct { const char *name, *digest; } digests[] = {
		{ "chainId", record->chain_id }, { "diffId", record->diff_id }, { "blob", record->blob }, { "imageId", record->image_id },
		{ "imageTarget", record->image_target }, { "imageManifest", record->image_manifest },
	};

	for (size_t i = 0; i < ARRAY_SIZE(digests); i++)
		if (digests[i].digest && !spec_digest_is_valid(digests[i].digest))
			return decode_fail_member(d, d->root, digests[i].name, "'%.100s' is no digest", digests[i].digest);
	return 0;
}

int spec_build_record_decode(struct arena *arena, const char *text, size_t length, struct spec_build_record *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "build record", .prefix = "", .err = err };
	struct spec_build_record record = { .key = NULL };
	int r;

	if (length > SPEC_BUILD_RECORD_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "build record");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &record, decode_own_field);
	if (r == 0)
		r = check_digests(&d, &record);
	if (r == 0)
		*ret = record;
	return r;
}

void spec_build_record_encode(const struct spec_build_record *record, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", SPEC_BUILD_RECORD_FORMAT);
	json_write_string(&w, "key", record->key);
	encode_given_fields(&w, fields, ARRAY_SIZE(fields), record);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
