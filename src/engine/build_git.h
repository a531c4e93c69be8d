/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git repositories as contexts, and of ADD: by the host's git, which
 * bivy-transfer runs.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_GIT_H
#define BIVY_ENGINE_BUILD_GIT_H

#include "build/remote.h"
#include "engine/build_state.h"

/*
 * The commit that REMOTE means: *RET_COMMIT, and the name of the reference that
 * it was found by, or NULL: *RET_NAME. Nobody is asked if a commit is what was
 * named. ERROR_INVALID if it is not the one that CHECKSUM (or NULL), or REMOTE, begins.
 */
int build_git_resolve(struct build *build, const struct remote *remote, const char *checksum, const char **ret_commit, const char **ret_name,
	struct error *err) _must_check_;

struct build_git_checkout {
	const struct remote *remote;
	const char *commit, *name; /* as resolved */
	bool keeps_git;
};

/* The files of the commit in a new directory of the build's work, and of them those in the remote's directory: *RET_PATH. */
int build_git_check_out(struct build *build, const struct build_git_checkout *request, const char **ret_path, struct error *err) _must_check_;

#endif
