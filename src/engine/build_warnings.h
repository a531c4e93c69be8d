/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lints say of a Dockerfile that is built: found once its stages are
 * planned, judged before anything is done, and told at the end.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_WARNINGS_H
#define BIVY_ENGINE_BUILD_WARNINGS_H

#include "engine/build_state.h"

/* How the Dockerfile's directive `check`, or the build argument BUILDKIT_DOCKERFILE_CHECK in its place, wants to be looked at. ERROR_INVALID. */
int build_warnings_settings(const struct build *build, struct lint_settings *ret, struct error *err) _must_check_;

/* Finds them; ERROR_INVALID, after they are told, if there are any and the settings make them errors. */
int build_warnings_judge(struct build *build, struct error *err) _must_check_;

/* Tells them, once. */
void build_warnings_tell(struct build *build);

#endif
