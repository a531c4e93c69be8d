/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/volume.h"
#include "spec/config.h"
#include "spec/decode.h"

static const struct field fields[] = {
	FIELD(STRING, struct spec_volume, created, "CreatedAt"),
	FIELD(STRING, struct spec_volume, driver, "Driver"),
	FIELD_LIST(PAIRS, struct spec_volume, labels, label_count, "Labels"),
	FIELD_MUST(STRING, struct spec_volume, name, "Name"),
	FIELD_LIST(PAIRS, struct spec_volume, options, option_count, "Options"),
	FIELD(BOOL, struct spec_volume, anonymous, "Anonymous"),
	FIELD(U64, struct spec_volume, size, "Size"),
	FIELD(U32, struct spec_volume, project, "Project"),
	FIELD(BOOL, struct spec_volume, has_image, "HasImage"),
	FIELD(BOOL, struct spec_volume, read_only, "ReadOnly"),
	FIELD(STRING, struct spec_volume, origin, "Origin"),
};

int spec_volume_decode(struct arena *arena, const char *text, size_t length, struct spec_volume **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "volume.json", .prefix = "", .err = err };
	struct spec_volume *volume = arena_alloc(arena, 1, sizeof *volume);
	int r = length > SPEC_VOLUME_LIMIT ? error_set(err, ERROR_INVALID, EFBIG, "volume.json: more than %u bytes", SPEC_VOLUME_LIMIT) : 0;

	if (r == 0)
		r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), volume, NULL);
	if (r == 0)
		*ret = volume;
	return r;
}

/* What a client may say of one that is to be made. */
static const struct field create_fields[] = {
	FIELD(STRING, struct spec_volume, name, "Name"),
	FIELD(STRING, struct spec_volume, driver, "Driver"),
	FIELD_LIST(PAIRS, struct spec_volume, labels, label_count, "Labels"),
	FIELD_LIST(PAIRS, struct spec_volume, options, option_count, "DriverOpts"),
};

int spec_volume_create_decode(struct arena *arena, const char *text, size_t length, struct spec_volume *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "volume", .prefix = "", .err = err };
	struct spec_volume volume = { .name = NULL };
	int r = length > SPEC_VOLUME_LIMIT ? error_set(err, ERROR_INVALID, EFBIG, "volume: more than %u bytes", SPEC_VOLUME_LIMIT) : 0;

	if (r == 0)
		r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, create_fields, ARRAY_SIZE(create_fields), &volume, NULL);
	if (r == 0)
		*ret = volume;
	return r;
}

void spec_volume_encode(const struct spec_volume *volume, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, fields, ARRAY_SIZE(fields), volume);
	json_write_close(&w, '}');
}

/* As Go writes a map that nobody made. */
static void write_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	if (count)
		encode_pairs(w, key, pairs, count);
	else
		json_write_null(w, key);
}

void spec_volume_write_inspect(struct json_writer *w, const struct spec_volume *volume, const char *mount_point)
{
	json_write_string(w, "CreatedAt", volume->created ? volume->created : "");
	json_write_string(w, "Driver", volume->driver ? volume->driver : "local");
	write_pairs(w, "Labels", volume->labels, volume->label_count);
	json_write_string(w, "Mountpoint", mount_point);
	json_write_string(w, "Name", volume->name);
	write_pairs(w, "Options", volume->options, volume->option_count);
	json_write_string(w, "Scope", "local");
	json_write_bool(w, "Anonymous", volume->anonymous);
	if (volume->size)
		json_write_uint(w, "Size", volume->size);
	if (volume->size)
		json_write_string(w, "SizeKeptBy", volume->has_image ? "image" : "quota");
	if (volume->origin)
		json_write_string(w, "Origin", volume->origin);
	json_write_bool(w, "ReadOnly", volume->read_only);
}

const char *spec_volume_option(const struct spec_volume *volume, const char *key)
{
	for (size_t i = 0; i < volume->option_count; i++)
		if (str_equal(volume->options[i].key, key))
			return volume->options[i].value;
	return NULL;
}
