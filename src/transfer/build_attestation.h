/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an image, beside it in its index, in the form that BuildKit gives it (its docs, attestation-storage.md). */
#ifndef BIVY_TRANSFER_BUILD_ATTESTATION_H
#define BIVY_TRANSFER_BUILD_ATTESTATION_H

#include "spec/build_work.h"
#include "transfer/build_document.h"

struct build_attestation_subject {
	char *const *names;   /* of the image, normalised; NULL-terminated */
	const char *platform; /* "linux/amd64" */
	const char *digest;   /* of its manifest */
};

/* Puts the statements of a part, each around its predicate, and a manifest of them; *RET is what stands in the index. */
int build_attestation_make(struct lease *lease, struct arena *arena, const struct build_attestation_subject *subject,
	const struct spec_build_image_part *part, struct spec_descriptor *ret, struct error *err) _must_check_;

#endif
