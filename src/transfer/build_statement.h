/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of in-toto: what is said of some things, with their digests. */
#ifndef BIVY_TRANSFER_BUILD_STATEMENT_H
#define BIVY_TRANSFER_BUILD_STATEMENT_H

#include "base/json.h"
#include "transfer/build_take.h"

/* A statement of TYPE with PREDICATE, a JSON document, about what WRITE_SUBJECTS writes; added to OUT. */
int build_statement_make(struct arena *arena, const char *type, const char *predicate, void (*write_subjects)(struct json_writer *w, const void *context),
	const void *context, struct buf *out, struct error *err) _must_check_;

/* One subject; DIGEST: "sha256:…". */
void build_statement_write_subject(struct json_writer *w, const char *name, const char *digest);

/* Files as subjects, by their names where they are. */
struct build_statement_files {
	struct spec_pair *list; /* name, digest */
	size_t count, capacity;
};

/* Those of TAKEN that are regular, read whole. Strings in the arena. */
int build_statement_add_files(struct arena *arena, struct build_statement_files *files, const struct spec_build_take *take, const struct build_taken *taken,
	struct error *err) _must_check_;

/* For build_statement_make(): CONTEXT is a struct build_statement_files. */
void build_statement_write_files(struct json_writer *w, const void *context);

#endif
