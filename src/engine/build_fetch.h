/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts that are no directories: what comes with the standard input, URLs,
 * git repositories.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_FETCH_H
#define BIVY_ENGINE_BUILD_FETCH_H

#include "engine/build_state.h"

/* Whether TEXT, a context, is no directory: "-", a URL, a git repository. */
bool build_fetch_is_remote(const char *text);

/*
 * Brings it here: .temporary of CONTEXT becomes a directory of the build's work
 * (which is opened, if it is not open yet). What is no archive is the
 * Dockerfile, and the directory empty: .dockerfile.
 */
int build_fetch_context(struct build *build, const char *text, struct build_context *context, struct error *err) _must_check_;

#endif
