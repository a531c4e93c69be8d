/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ADD takes from elsewhere: files of web servers, git repositories. What
 * their content is must be known before the first step, unless a checksum says
 * it; then they only come if their step has to be done.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_REMOTE_H
#define BIVY_ENGINE_BUILD_REMOTE_H

#include "engine/build_step.h"

/* Whether the source of the step, by number, is elsewhere; how many are. */
bool build_remote_is(const struct plan_step *step, size_t source);
size_t build_remote_count(const struct plan_step *step);

/*
 * What the content of that source is, in few words, in the arena: the same for
 * the same content. Vertices show what has to be asked for that.
 */
int build_remote_identify(const struct build_step *step, size_t source, const char **ret, struct error *err) _must_check_;

/* Calls EACH for those of which the content is known: the address, as people may see it, and "sha256:…" of a file, "sha1:…" of a commit. */
void build_remote_each(const struct build *build, void (*each)(void *context, const char *address, const char *digest), void *context);

/* The tree that it is in, and its name there, "." for all of it. Close *RET_FD. In the step's process. */
int build_remote_open(const struct build_step *step, size_t source, int *ret_fd, const char **ret_name, struct error *err) _must_check_;

#endif
