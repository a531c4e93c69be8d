/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the request's attestations come to: predicates of in-toto's statements,
 * about the target stage of a platform.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_STATEMENTS_H
#define BIVY_ENGINE_BUILD_STATEMENTS_H

#include "engine/build_state.h"

enum build_statements_for {
	BUILD_STATEMENTS_IMAGE,
	BUILD_STATEMENTS_FILES, /* those that are for images alone are left out */
	BUILD_STATEMENTS_KEY,   /* of an image, only what tells it from others: the same for the same build */
};

struct build_statements {
	struct spec_pair *list; /* the type of the predicate, and that, a JSON document */
	size_t count;
};

/* Of the platform by NUMBER, whose files are FILES; in the arena. What is said later of a type counts. */
int build_statements_make(struct build *build, size_t number, const struct build_files *files, enum build_statements_for purpose,
	struct build_statements *ret, struct error *err) _must_check_;

/* Adds those about provenance to what is reported. */
void build_statements_report(struct build *build, size_t number, const struct build_statements *statements);

#endif
