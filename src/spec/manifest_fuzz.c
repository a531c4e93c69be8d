/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes as a manifest, an index, an image's configuration and a
 * layer's record. What is accepted must be written as something that is
 * accepted and written the same.
 */
#include "spec/image_config.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "spec/layer.h"
#include "spec/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const void *result, const struct error *err)
{
	if (result || err->kind == ERROR_NONE || !err->message[0])
		abort();
}

static void check_descriptors(const struct spec_descriptor *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!spec_digest_is_valid(list[i].digest) || !list[i].media_type || list[i].size > INT64_MAX)
			abort();
}

static void check_same(const struct buf *a, const struct buf *b)
{
	if (a->length != b->length || memcmp(a->data, b->data, a->length) != 0)
		abort();
}

static enum spec_media_kind check_manifest(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_manifest *manifest = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_manifest_decode(arena, text, size, &manifest, &err) < 0) {
		check_refusal(manifest, &err);
		return SPEC_MEDIA_UNKNOWN;
	}
	check_descriptors(&manifest->config, 1);
	check_descriptors(manifest->layers, manifest->layer_count);
	spec_manifest_encode(manifest, &first);
	/* Written, it can be longer than it was, for text that had needed no escape. */
	if (spec_manifest_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_manifest_encode(again, &second);
	check_same(&first, &second);
	return SPEC_MEDIA_MANIFEST;
}

static enum spec_media_kind check_index(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_platform host = spec_platform_of_machine(arena, "aarch64");
	struct spec_index *index = NULL, *again = NULL;
	const struct spec_descriptor *selected;
	struct error err = ERROR_INIT;

	if (spec_index_decode(arena, text, size, &index, &err) < 0) {
		check_refusal(index, &err);
		return SPEC_MEDIA_UNKNOWN;
	}
	check_descriptors(index->manifests, index->manifest_count);
	selected = spec_index_select(index, &host);
	if (selected && (selected < index->manifests || selected >= index->manifests + index->manifest_count))
		abort();
	if (!spec_index_platforms(arena, index))
		abort();
	spec_index_encode(index, &first);
	if (spec_index_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_index_encode(again, &second);
	check_same(&first, &second);
	return SPEC_MEDIA_INDEX;
}

static void check_config(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_image_config *config = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_image_config_decode(arena, text, size, &config, &err) < 0)
		return check_refusal(config, &err);
	for (size_t i = 0; i < config->diff_id_count; i++)
		if (!spec_digest_is_valid(config->diff_ids[i]))
			abort();
	spec_image_config_encode(config, &first);
	if (spec_image_config_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_image_config_encode(again, &second);
	check_same(&first, &second);
}

static void check_layer(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_layer layer = { 0 }, again = { 0 };
	struct error err = ERROR_INIT;

	if (spec_layer_decode(arena, text, size, &layer, &err) < 0)
		return check_refusal(layer.diff_id, &err);
	if (!spec_digest_is_valid(layer.diff_id) || (layer.parent && !spec_digest_is_valid(layer.parent)))
		abort();
	spec_layer_encode(&layer, &first);
	if (spec_layer_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	spec_layer_encode(&again, &second);
	check_same(&first, &second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = (const char *)data;
	enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN, manifest = check_manifest(arena, text, size), index = check_index(arena, text, size);

	/* No document is both, and what a decoder takes has that kind. */
	if (manifest != SPEC_MEDIA_UNKNOWN && index != SPEC_MEDIA_UNKNOWN)
		abort();
	if (manifest != SPEC_MEDIA_UNKNOWN || index != SPEC_MEDIA_UNKNOWN) {
		if (spec_manifest_kind(text, size, NULL, &kind, NULL) < 0 || kind != (manifest ? manifest : index))
			abort();
	}
	check_config(arena, text, size);
	check_layer(arena, text, size);
	return 0;
}
