/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_attestation.h"

#include "base/json.h"
#include "spec/image_purl.h"
#include "spec/manifest.h"
#include "transfer/build_statement.h"

#define STATEMENT_MEDIA_TYPE "application/vnd.in-toto+json"

/* What the image is called, each name a subject; "_" if it has none. */
static void write_subjects(struct json_writer *w, const void *context)
{
	const struct build_attestation_subject *subject = context;

	for (size_t i = 0; i == 0 || subject->names[i]; i++) {
		_cleanup_buf_ struct buf purl = BUF_INIT;

		spec_image_purl(subject->names[i], subject->platform, &purl);
		build_statement_write_subject(w, purl.data, subject->digest);
		if (!subject->names[i])
			break;
	}
}

static struct spec_pair *pair(struct arena *arena, const char *key, const char *value)
{
	struct spec_pair *pair = arena_alloc(arena, 1, sizeof *pair);

	*pair = (struct spec_pair){ arena_strdup(arena, key), arena_strdup(arena, value) };
	return pair;
}

static void add_config(const struct spec_manifest *manifest, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "architecture", "unknown");
	json_write_string(&w, "os", "unknown");
	json_write_open(&w, "config", '{');
	json_write_close(&w, '}');
	json_write_open(&w, "rootfs", '{');
	json_write_string(&w, "type", "layers");
	json_write_open(&w, "diff_ids", '[');
	for (size_t i = 0; i < manifest->layer_count; i++)
		json_write_string(&w, NULL, manifest->layers[i].digest);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	json_write_close(&w, '}');
}

/* Where it belongs, and that it runs nowhere. */
static void annotate(struct arena *arena, const struct build_attestation_subject *subject, struct spec_descriptor *descriptor)
{
	static struct spec_platform unknown = { .os = (char *)"unknown", .architecture = (char *)"unknown" };

	descriptor->platform = &unknown;
	descriptor->annotations = arena_alloc(arena, 2, sizeof *descriptor->annotations);
	descriptor->annotations[descriptor->annotation_count++] = *pair(arena, "vnd.docker.reference.digest", subject->digest);
	descriptor->annotations[descriptor->annotation_count++] = *pair(arena, "vnd.docker.reference.type", "attestation-manifest");
}

int build_attestation_make(struct lease *lease, struct arena *arena, const struct build_attestation_subject *subject,
	const struct spec_build_image_part *part, struct spec_descriptor *ret, struct error *err)
{
	struct spec_manifest manifest = { .media_type = (char *)SPEC_OCI_MANIFEST, .layer_count = part->statement_count };
	_cleanup_buf_ struct buf config = BUF_INIT, text = BUF_INIT;
	int r = 0;

	manifest.layers = arena_alloc(arena, part->statement_count + 1, sizeof *manifest.layers);
	for (size_t i = 0; r == 0 && i < part->statement_count; i++) {
		_cleanup_buf_ struct buf statement = BUF_INIT;

		r = build_statement_make(arena, part->statements[i].key, part->statements[i].value, write_subjects, subject, &statement, err);
		if (r == 0)
			r = build_document_put(lease, arena, STATEMENT_MEDIA_TYPE, &statement, &manifest.layers[i], err);
		manifest.layers[i].annotations = pair(arena, "in-toto.io/predicate-type", part->statements[i].key);
		manifest.layers[i].annotation_count = 1;
	}
	if (r < 0)
		return r;
	add_config(&manifest, &config);
	r = build_document_put(lease, arena, SPEC_OCI_CONFIG, &config, &manifest.config, err);
	if (r < 0)
		return r;
	spec_manifest_encode(&manifest, &text);
	r = build_document_put(lease, arena, SPEC_OCI_MANIFEST, &text, ret, err);
	annotate(arena, subject, ret);
	return r;
}
