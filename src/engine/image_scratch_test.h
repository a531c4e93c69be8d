/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests of the engine: images in a scratch store, made of a few letters. */
#ifndef BIVY_ENGINE_IMAGE_SCRATCH_TEST_H
#define BIVY_ENGINE_IMAGE_SCRATCH_TEST_H

#include "store/scratch_test.h"

#include "base/file.h"
#include "engine/directories.h"
#include "spec/media_type.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"

#include <fcntl.h>

struct sample {
	const char *name;    /* or NULL */
	char key;            /* a hexadecimal digit: of its manifest's and configuration's digests */
	const char *layers;  /* digits, the base first */
	const char *created; /* RFC 3339, or NULL */
	const char *labels;  /* JSON, or NULL */
};

static inline char *sample_digest(struct arena *arena, char key, char part)
{
	return arena_printf(arena, "sha256:%c%c%062d", key, part, 0);
}

static inline struct directories sample_directories(void)
{
	static char run_root[sizeof shell_scratch + 8];

	snprintf(run_root, sizeof run_root, "%s/run", shell_scratch);
	return (struct directories){ .root = shell_scratch, .run_root = run_root, .images = shell_scratch };
}

static inline void sample_put_blob(const struct store *store, const char *digest, const char *text)
{
	struct error err = ERROR_INIT;

	if (blob_put(store, digest, text, strlen(text), &err) < 0)
		fail_msg("%s", err.message);
}

/* The layer KEY on the chain PARENT, with one file of 5000 bytes. Returns its chain id: the key's, as each layer has one place. */
static inline char *sample_put_layer(const struct store *store, struct arena *arena, char key, char *parent)
{
	char *chain_id = sample_digest(arena, key, 'c');
	const struct spec_layer layer = { .diff_id = sample_digest(arena, key, 'd'), .parent = parent, .size = 5000 };
	struct layer_stage stage = LAYER_STAGE_INIT;
	char bytes[5000] = "";

	if (layer_exists(store, chain_id))
		return chain_id;
	assert_int_equal(layer_begin(store, &stage, NULL), 0);
	assert_int_equal(file_replace_at(stage.diff_fd, "file", bytes, sizeof bytes, 0644), 0);
	assert_int_equal(layer_commit(&stage, chain_id, &layer, NULL), 0);
	sample_put_blob(store, sample_digest(arena, key, 'b'), "layer");
	return chain_id;
}

static inline void sample_put_config(const struct store *store, struct arena *arena, const struct sample *sample)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"sh\"],\"Labels\":%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
		   sample->labels ? sample->labels : "{}");
	for (const char *layer = sample->layers; *layer; layer++)
		buf_printf(&text, "%s\"%s\"", layer == sample->layers ? "" : ",", sample_digest(arena, *layer, 'd'));
	buf_add_text(&text, "]},\"history\":[{\"created_by\":\"ENV a=b\",\"empty_layer\":true}");
	for (const char *layer = sample->layers; *layer; layer++)
		buf_printf(&text, ",{\"created\":\"2024-01-01T00:00:0%cZ\",\"created_by\":\"COPY %c\",\"comment\":\"x\"}", *layer, *layer);
	buf_add_text(&text, "]}");
	sample_put_blob(store, sample_digest(arena, sample->key, '2'), text.data);
}

static inline void sample_put(const struct store *store, const struct sample *sample)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct image image = { .name = (char *)sample->name, .media_type = (char *)SPEC_OCI_MANIFEST,
			       .target = sample_digest(arena, sample->key, '1'), .id = sample_digest(arena, sample->key, '2'),
			       .platform = (char *)"linux/amd64", .created = (char *)sample->created };
	struct error err = ERROR_INIT;

	image.manifest = image.target;
	for (const char *layer = sample->layers; *layer; layer++) {
		image.top_layer = sample_put_layer(store, arena, *layer, image.top_layer);
		image.size += 5000;
	}
	sample_put_config(store, arena, sample);
	buf_printf(&text, "{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"config\":{\"mediaType\":\"" SPEC_OCI_CONFIG
		   "\",\"digest\":\"%s\",\"size\":2},\"layers\":[", image.id);
	for (const char *layer = sample->layers; *layer; layer++)
		buf_printf(&text, "%s{\"mediaType\":\"" SPEC_OCI_LAYER "\",\"digest\":\"%s\",\"size\":5}", layer == sample->layers ? "" : ",",
			   sample_digest(arena, *layer, 'b'));
	buf_add_text(&text, "]}");
	sample_put_blob(store, image.target, text.data);
	image.target_size = text.length;
	if (image_put(store, &image, &err) < 0)
		fail_msg("%s", err.message);
}

/* Two names of one image, one that shares its base, one without a name. */
static inline void sample_fill(const struct store *store)
{
	static const struct sample samples[] = {
		{ "docker.io/library/debian:12", 'a', "12", "2024-05-01T00:00:00Z", "{\"role\":\"base\",\"empty\":\"\"}" },
		{ "docker.io/library/debian:latest", 'a', "12", "2024-05-01T00:00:00Z", "{\"role\":\"base\",\"empty\":\"\"}" },
		{ "localhost:5000/team/app:v1", 'b', "123", "2024-06-01T00:00:00Z", "{\"role\":\"app\"}" },
		{ NULL, 'c', "14", "2024-04-01T00:00:00.5Z", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		sample_put(store, &samples[i]);
}

#endif
