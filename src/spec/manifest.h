/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image manifest: the configuration and the layers of one image for one
 * platform. OCI 1.1 and Docker schema 2, which differ in media types alone;
 * and artifacts, which are manifests of something that is no image.
 */
#ifndef BIVY_SPEC_MANIFEST_H
#define BIVY_SPEC_MANIFEST_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/descriptor.h"
#include "spec/media_type.h"

#define SPEC_LAYER_LIMIT 1000 /* layers of one image; overlay takes 500 lower directories */

struct spec_manifest {
	char *media_type;    /* never NULL once decoded */
	char *artifact_type; /* or NULL */
	struct spec_descriptor config;
	struct spec_descriptor *layers; /* the base first */
	size_t layer_count;
	struct spec_descriptor *subject; /* or NULL */
	struct spec_pair *annotations;
	size_t annotation_count;
	const struct json *source; /* as in struct spec_descriptor */
};

/*
 * What the document is: SPEC_MEDIA_INDEX or SPEC_MEDIA_MANIFEST. MEDIA_TYPE is
 * what a registry or a descriptor says of it, or NULL. A document that can be
 * read as both, or that contradicts what was said of it, is refused
 * (CVE-2021-41190), as is Docker's schema 1 (ERROR_UNSUPPORTED).
 */
int spec_manifest_kind(const char *text, size_t length, const char *media_type, enum spec_media_kind *ret, struct error *err) _must_check_;

/* Decodes a document that spec_manifest_kind() would call a manifest. The result holds nothing of TEXT. */
int spec_manifest_decode(struct arena *arena, const char *text, size_t length, struct spec_manifest **ret, struct error *err) _must_check_;

/* Whether it is an image that can be run: its configuration is one and its layers are file systems. */
bool spec_manifest_is_image(const struct spec_manifest *manifest);

/* One line of JSON without newline, the same for the same content. */
void spec_manifest_encode(const struct spec_manifest *manifest, struct buf *out);

#endif
