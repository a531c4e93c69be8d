/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images: "debian", "localhost:5000/a/b:1.2", "quay.io/x@sha256:…".
 *
 * The grammar is that of the distribution project, and the short forms are
 * docker's: a first component without '.', ':' and upper-case letters that is
 * not "localhost" is no registry but part of a name on docker.io, and a name
 * of one component there belongs to "library".
 */
#ifndef BIVY_SPEC_REFERENCE_H
#define BIVY_SPEC_REFERENCE_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

#define SPEC_REFERENCE_NAME_LIMIT 255 /* bytes of domain and path together */
#define SPEC_REFERENCE_TAG_LIMIT 128
#define SPEC_DEFAULT_DOMAIN "docker.io"
#define SPEC_DEFAULT_TAG "latest"

/* Normalised, in an arena. A reference without tag and digest names a repository. */
struct spec_reference {
	char *domain; /* with its port: "docker.io", "localhost:5000", "[::1]:5000" */
	char *path;   /* "library/debian" */
	char *tag;    /* or NULL */
	char *digest; /* or NULL; valid by spec_digest_is_valid() */
};

/*
 * Normalises TEXT into *RET. ERROR_INVALID says what is wrong with it: "invalid
 * reference 'Debian': the repository must be lower case". A name of 64
 * hexadecimal digits is refused, as it would be taken for an image's id.
 */
int spec_reference_parse(struct arena *arena, const char *text, struct spec_reference *ret, struct error *err) _must_check_;

/* Gives a reference that has neither tag nor digest the tag "latest". */
void spec_reference_add_default_tag(struct spec_reference *reference);

bool spec_reference_is_tag(const char *text);
bool spec_reference_is_domain(const char *text);

/* Whether both name the same repository; tags and digests do not matter. */
bool spec_reference_same_repository(const struct spec_reference *a, const struct spec_reference *b);

/* "docker.io/library/debian:latest": every part that is there. */
char *spec_reference_text(struct arena *arena, const struct spec_reference *reference);

/* "docker.io/library/debian". */
char *spec_reference_repository(struct arena *arena, const struct spec_reference *reference);

/* The shortest text that is read back as the same: "debian:latest". */
char *spec_reference_familiar(struct arena *arena, const struct spec_reference *reference);

/* "debian". */
char *spec_reference_familiar_repository(struct arena *arena, const struct spec_reference *reference);

#endif
