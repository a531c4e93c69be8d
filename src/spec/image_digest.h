/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a digest, "sha256:9f86d0…": its grammar, not its computation
 * (store/digest.h). OCI image-spec, descriptor.md.
 */
#ifndef BIVY_SPEC_IMAGE_DIGEST_H
#define BIVY_SPEC_IMAGE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define SPEC_DIGEST_LIMIT 256 /* bytes of any digest */

/*
 * Whether TEXT has the grammar of a digest, and the length and alphabet of its
 * algorithm if that is a registered one. Such a text holds no '/' and no "..":
 * both its parts can be names of files.
 */
bool spec_digest_is_valid(const char *text);

/* Whether it is valid and of an algorithm that content can be checked by: sha256 or sha512. */
bool spec_digest_is_verifiable(const char *text);

/* Whether TEXT is the LENGTH lower-case hexadecimal digits of a whole or abbreviated identifier. */
bool spec_digest_is_hex(const char *text, size_t length);

/* What comes behind the ':' of a valid digest, a pointer into it. */
const char *spec_digest_encoded(const char *digest);

/* The length of what comes before it: of "sha256". */
size_t spec_digest_algorithm_length(const char *digest);

#endif
