/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on their way: COPY, ADD and WORKDIR, and what mounts begin with. The
 * work itself is bivy-builder's, which gets the trees open.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_COPY_H
#define BIVY_ENGINE_BUILD_COPY_H

#include "engine/build_cache.h"
#include "engine/build_step.h"

/* A mount of FILES, read only, attached nowhere; an empty directory without any. Close *RET_FD. */
int build_open_files(struct build *build, const struct build_files *files, int *ret_fd, struct error *err) _must_check_;

/*
 * What INSIDE of CONTEXT is for the build, copied to where it would be in it,
 * beneath a new directory of the build's: *RET_PATH.
 */
int build_copy_context(const struct build_step *step, struct build_context *context, const char *inside, const char **ret_path, struct error *err)
	_must_check_;

/* What the document says, whose trees are open. How far it is is told of the vertex. */
int build_copy_run(struct build *build, size_t vertex, const struct spec_build_copy *work, struct error *err) _must_check_;

/* What is in PATH of FILES into the directory TO. */
int build_copy_files(const struct build_step *step, const struct build_files *files, const char *path, const char *to, struct error *err) _must_check_;

/* What TAKE takes, to DESTINATION beneath the directory TO. */
int build_copy_take(struct build *build, size_t vertex, struct spec_build_take *take, const char *destination, const char *to, struct error *err) _must_check_;

/* What the step takes of a tree that is open as ROOT_FD; CONTEXT: of which it is, or NULL. */
struct spec_build_take build_take_of(const struct build_step *step, int root_fd, const struct build_context *context);

#endif
