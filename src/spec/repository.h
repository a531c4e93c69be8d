/* SPDX-License-Identifier: Apache-2.0 */
/* What a reference of a git repository is right now: what `bivy-transfer git-resolve` prints. */
#ifndef BIVY_SPEC_REPOSITORY_H
#define BIVY_SPEC_REPOSITORY_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#define SPEC_REPOSITORY_LIMIT (64u << 10) /* bytes of a document */

struct spec_repository {
	char *commit;    /* 40 or 64 digits */
	char *reference; /* "refs/heads/main", "HEAD" */
};

void spec_repository_encode(const struct spec_repository *repository, struct buf *out);
/* ERROR_INVALID if one is missing, or the commit is none. */
int spec_repository_decode(struct arena *arena, const char *text, size_t length, struct spec_repository *ret, struct error *err) _must_check_;

#endif
