/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build takes from elsewhere: contexts that are archives, URLs or git
 * repositories, and the same of ADD.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_FETCH_H
#define BIVY_ENGINE_BUILD_FETCH_H

#include "engine/build_state.h"

/* Whether TEXT, a context, is no directory: "-", a URL, a git repository. */
bool build_fetch_is_remote(const char *text);

/* Brings it here: *RET_PATH is a directory in the build's work. What comes with the standard input may also be a Dockerfile alone. */
int build_fetch_context(struct build *build, const char *text, const char **ret_path, struct error *err) _must_check_;

#endif
