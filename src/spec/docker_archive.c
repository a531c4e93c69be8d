/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/docker_archive.h"
#include "spec/decode.h"
#include "spec/manifest.h"

#include <limits.h>

enum image_field { IMAGE_CONFIG, IMAGE_TAGS, IMAGE_LAYERS };

static const struct field image_fields[] = {
	FIELD_BY(IMAGE_CONFIG, "Config", FIELD_REQUIRED),
	FIELD_BY(IMAGE_TAGS, "RepoTags", 0),
	FIELD_BY(IMAGE_LAYERS, "Layers", 0),
};

/* Whether the name leads nowhere but down. */
static bool is_member_name(const char *name)
{
	if (!*name || *name == '/' || strlen(name) >= PATH_MAX)
		return false;
	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && name[0] == '.' && name[1] == '.')
			return false;
		name += length + (name[length] == '/');
	}
	return true;
}

static int decode_member_name(const struct decoder *d, const struct json *value, void *element)
{
	char **name = element;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, name);

	if (r == 0 && !is_member_name(*name))
		return decode_fail(d, value, "'%.100s' cannot be the name of a member", *name);
	return r;
}

static int decode_layers(const struct decoder *d, const struct json *value, struct spec_docker_image *image)
{
	char **list = NULL;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *list, decode_member_name, &list, &image->layer_count);

	if (r < 0)
		return r;
	if (image->layer_count > SPEC_LAYER_LIMIT)
		return decode_fail(d, value, "more than %d", SPEC_LAYER_LIMIT);
	if (image->layer_count)
		memcpy(image->layers, list, image->layer_count * sizeof *list);
	return 0;
}

static int decode_image_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_docker_image *image = object;

	switch ((enum image_field)id) {
	case IMAGE_CONFIG:
		return decode_member_name(d, value, &image->config);
	case IMAGE_TAGS:
		return decode_strings(d, value, SPEC_STRING_LIMIT, &image->tags);
	case IMAGE_LAYERS:
		image->layers = arena_alloc(d->arena, (size_t)value->length + 1, sizeof *image->layers);
		return decode_layers(d, value, image);
	}
	return -EINVAL;
}

static int decode_image(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_docker_image *image = element;
	int r = decode_fields(d, value, image_fields, ARRAY_SIZE(image_fields), image, decode_image_field);

	/* Absent or null, as Go writes what is empty. */
	if (!image->tags)
		image->tags = arena_alloc(d->arena, 1, sizeof *image->tags);
	if (!image->layers)
		image->layers = arena_alloc(d->arena, 1, sizeof *image->layers);
	return r;
}

int spec_docker_archive_decode(struct arena *arena, const char *text, size_t length, struct spec_docker_archive *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = SPEC_DOCKER_ARCHIVE_NAME, .prefix = "", .err = err };
	struct spec_docker_archive archive = { .images = NULL };
	int r;

	if (length > SPEC_DOCKER_ARCHIVE_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, SPEC_DOCKER_ARCHIVE_NAME);
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_expect(&d, d.root, JSON_ARRAY);
	if (r == 0 && d.root->length > SPEC_DOCKER_ARCHIVE_IMAGE_LIMIT)
		return decode_fail(&d, d.root, "more than %d images", SPEC_DOCKER_ARCHIVE_IMAGE_LIMIT);
	if (r == 0)
		r = decode_list(&d, d.root, JSON_ARRAY, sizeof *archive.images, decode_image, &archive.images, &archive.image_count);
	if (r == 0)
		*ret = archive;
	return r;
}

static void write_strings(struct json_writer *w, const char *key, char *const *list)
{
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

void spec_docker_archive_encode(const struct spec_docker_archive *archive, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < archive->image_count; i++) {
		const struct spec_docker_image *image = &archive->images[i];

		json_write_open(&w, NULL, '{');
		json_write_string(&w, "Config", image->config);
		/* Without names docker writes null, and some of its readers tell the two apart. */
		if (image->tags[0])
			write_strings(&w, "RepoTags", image->tags);
		else
			json_write_null(&w, "RepoTags");
		write_strings(&w, "Layers", image->layers);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
}
