/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container.h"
#include "spec/container_config.h"
#include "spec/container_endpoint.h"
#include "spec/decode.h"
#include "spec/host_config.h"
#include "spec/image_digest.h"

/* ---- the whole ------------------------------------------------------------------------- */

enum container_field { CONTAINER_ID, CONTAINER_NAME, CONTAINER_IMAGE, CONTAINER_MANIFEST, CONTAINER_LAYER, CONTAINER_CONFIG, CONTAINER_HOST, CONTAINER_NETWORKING };

static const struct field container_fields[] = {
	FIELD_BY(CONTAINER_ID, "Id", 0),
	FIELD_BY(CONTAINER_NAME, "Name", 0),
	FIELD(STRING, struct spec_container, created, "Created"),
	FIELD_BY(CONTAINER_IMAGE, "Image", 0),
	FIELD_BY(CONTAINER_MANIFEST, "ImageManifest", 0),
	FIELD_BY(CONTAINER_LAYER, "ImageTopLayer", 0),
	FIELD(STRING, struct spec_container, image_platform, "ImagePlatform"),
	FIELD(STRING, struct spec_container, image_name, "ImageName"),
	FIELD_BY(CONTAINER_CONFIG, "Config", 0),
	FIELD_BY(CONTAINER_HOST, "HostConfig", 0),
	FIELD_BY(CONTAINER_NETWORKING, "NetworkingConfig", 0),
};

/* Ids become names of directories and cgroups. */
static int decode_id(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && (strlen(*ret) != 64 || strspn(*ret, "0123456789abcdef") != 64))
		return decode_fail(d, value, "'%.100s' is no id of 64 hexadecimal digits", *ret);
	return r;
}

/* So do names; which words they may be is who reserves them to say. */
static int decode_container_name(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && (!**ret || **ret == '.' || strchr(*ret, '/')))
		return decode_fail(d, value, "'%.100s' is no name of a container", *ret);
	return r;
}

static int decode_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && !spec_digest_is_valid(*ret))
		return decode_fail(d, value, "'%.100s' is no digest", *ret);
	return r;
}

static int decode_container_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_container *container = object;

	switch ((enum container_field)id) {
	case CONTAINER_ID:
		return decode_id(d, value, &container->id);
	case CONTAINER_NAME:
		return decode_container_name(d, value, &container->name);
	case CONTAINER_IMAGE:
		return decode_digest(d, value, &container->image_id);
	case CONTAINER_MANIFEST:
		return decode_digest(d, value, &container->image_manifest);
	case CONTAINER_LAYER:
		return decode_digest(d, value, &container->image_top_layer);
	case CONTAINER_CONFIG:
		return decode_container_config(d, value, &container->config);
	case CONTAINER_HOST:
		return decode_host_config(d, value, &container->host);
	case CONTAINER_NETWORKING:
		return decode_networking(d, value, &container->host);
	}
	return -EINVAL;
}

int spec_container_decode(struct arena *arena, const char *text, size_t length, struct spec_container **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "container", .prefix = "", .err = err };
	struct spec_container *container = arena_alloc(arena, 1, sizeof *container);
	int r;

	if (length > SPEC_CONTAINER_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "container");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, container_fields, ARRAY_SIZE(container_fields), container, decode_container_field);
	if (r < 0)
		return r;
	*ret = container;
	return 0;
}

static void write_given(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_write_string(w, key, text);
}

const char *spec_container_encode(const struct spec_container *container, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	write_given(&w, "Id", container->id);
	write_given(&w, "Name", container->name);
	encode_given_fields(&w, container_fields, ARRAY_SIZE(container_fields), container);
	write_given(&w, "Image", container->image_id);
	write_given(&w, "ImageManifest", container->image_manifest);
	write_given(&w, "ImageTopLayer", container->image_top_layer);
	json_write_open(&w, "Config", '{');
	encode_container_config(&w, &container->config);
	json_write_close(&w, '}');
	json_write_open(&w, "HostConfig", '{');
	encode_host_config(&w, &container->host);
	json_write_close(&w, '}');
	encode_networking(&w, &container->host);
	json_write_close(&w, '}');
	return w.invalid;
}

int spec_container_refuse_text(const char *text, struct error *err)
{
	_cleanup_free_ char *shown = text ? str_printf("%.100s", text) : NULL;

	if (!text)
		return 0;
	for (unsigned char *c = (unsigned char *)shown; *c; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';
	error_set(err, ERROR_INVALID, 0, "'%s' is no UTF-8, which is all that the description of a container can hold", shown);
	error_hint(err, "printf in a shell of the container makes any byte");
	return -EILSEQ;
}

/* ---- for inspect ------------------------------------------------------------------------- */

/* Docker's null: all is as the host has it. */
static void write_paths(struct json_writer *w, const char *key, char *const *paths)
{
	if (paths && *paths)
		encode_strings(w, key, paths);
	else
		json_write_null(w, key);
}

void spec_container_write_inspect(struct json_writer *w, const struct spec_container *container, const struct spec_container_paths *paths)
{
	json_write_open(w, "Config", '{');
	encode_config_inspect(w, &container->config);
	json_write_close(w, '}');
	json_write_open(w, "HostConfig", '{');
	encode_host_inspect(w, &container->host);
	write_paths(w, "MaskedPaths", paths->masked);
	write_paths(w, "ReadonlyPaths", paths->read_only);
	json_write_close(w, '}');
}
