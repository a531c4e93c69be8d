/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor: which content, by digest, size and media type (image-spec,
 * descriptor.md). The word between rooms for anything that is content.
 */
#ifndef BIVY_SPEC_DESCRIPTOR_H
#define BIVY_SPEC_DESCRIPTOR_H

#include "base/json.h"
#include "base/memory.h"
#include "spec/config.h"
#include "spec/platform.h"

#include <stdint.h>

/* Longest manifest, index or descriptor list; what registries hold each other to. */
#define SPEC_MANIFEST_LIMIT (4u << 20)

struct spec_descriptor {
	char *media_type;
	char *digest;       /* valid by spec_digest_is_valid() */
	uint64_t size;      /* bytes; below 2^63 */
	char **urls;        /* NULL-terminated, or NULL */
	struct spec_pair *annotations;
	size_t annotation_count;
	char *data;         /* the content itself in base64, as given; or NULL */
	char *artifact_type; /* or NULL */
	struct spec_platform *platform; /* as given, not normalised; or NULL */
	const struct json *source; /* decoded from this; encoding keeps the members of it that are not above; NULL for a new one */
};

/* The value of the annotation KEY, or NULL. */
const char *spec_descriptor_annotation(const struct spec_descriptor *descriptor, const char *key);

/* Writes it as a JSON object, members in the specification's order. */
void spec_descriptor_write(struct json_writer *w, const char *key, const struct spec_descriptor *descriptor);

/* For spec alone: decodes VALUE, and the members that manifests and indexes share. */
struct decoder;
int decode_descriptor(const struct decoder *d, const struct json *value, void *descriptor) _must_check_;
int decode_descriptor_pointer(const struct decoder *d, const struct json *value, struct spec_descriptor **ret) _must_check_;
/* "schemaVersion", which must be 2 if it is there. */
int decode_schema_version(const struct decoder *d, const struct json *value) _must_check_;

#define SPEC_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define SPEC_ANNOTATION_CREATED "org.opencontainers.image.created"

#endif
