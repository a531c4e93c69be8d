/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/layer.h"
#include "spec/decode.h"
#include "spec/image_digest.h"

enum layer_field { LAYER_FORMAT, LAYER_DIFF_ID, LAYER_PARENT };

static const struct field layer_fields[] = {
	FIELD_BY(LAYER_FORMAT, "format", FIELD_REQUIRED),
	FIELD_BY(LAYER_DIFF_ID, "diffId", FIELD_REQUIRED),
	FIELD_BY(LAYER_PARENT, "parent", 0),
	FIELD(U64, struct spec_layer, size, "size"),
};

static int decode_layer_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_LAYER_RECORD_LIMIT, ret);

	if (r == 0 && !spec_digest_is_valid(*ret))
		return decode_fail(d, value, "'%.100s' is no digest", *ret);
	return r;
}

static int decode_layer_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_layer *layer = object;
	uint64_t format = 0;
	int r;

	if (id != LAYER_FORMAT)
		return decode_layer_digest(d, value, id == LAYER_PARENT ? &layer->parent : &layer->diff_id);
	r = decode_uint(d, value, UINT64_MAX, &format);
	if (r == 0 && format > SPEC_LAYER_FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "layer.json has format %llu of a newer version, this one reads up to %d",
				 (unsigned long long)format, SPEC_LAYER_FORMAT);
	return r;
}

int spec_layer_decode(struct arena *arena, const char *text, size_t length, struct spec_layer *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "layer.json", .prefix = "", .err = err };
	struct spec_layer layer = { 0 };
	int r;

	if (length > SPEC_LAYER_RECORD_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "layer.json");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, layer_fields, ARRAY_SIZE(layer_fields), &layer, decode_layer_field);
	if (r == 0)
		*ret = layer;
	return r;
}

void spec_layer_encode(const struct spec_layer *layer, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", SPEC_LAYER_FORMAT);
	json_write_string(&w, "diffId", layer->diff_id);
	if (layer->parent)
		json_write_string(&w, "parent", layer->parent);
	json_write_uint(&w, "size", layer->size);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
