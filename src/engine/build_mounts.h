/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN --mount: what a step sees that is not its image's. Caches are directories
 * ROOT/build/mounts/NAME, each with a lock NAME.lock that a step holds as long
 * as it runs.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_MOUNTS_H
#define BIVY_ENGINE_BUILD_MOUNTS_H

#include "engine/build_step.h"

struct build_mounts {
	struct spec_container_mount *list;
	size_t count;
	char **secrets;     /* as of --secret of `run`; NULL-terminated */
	char **environment; /* more of it; NULL-terminated */
	const char **targets; /* all of them, absolute; NULL-terminated */
	int *fds;           /* that are kept open meanwhile: locks, secrets */
	size_t fd_count;
	pid_t *relays;      /* which end when those are closed */
	size_t relay_count;
};

#define BUILD_MOUNTS_INIT ((struct build_mounts){ .list = NULL })

/* In the step's process. Waits for caches that are locked. ERROR_NOT_FOUND for what is required and not given. */
int build_mounts_prepare(const struct build_step *step, struct build_mounts *ret, struct error *err) _must_check_;
void build_mounts_done(struct build_mounts *mounts);

/* What a cache is known by. */
const char *build_mounts_id(const struct run_mount *mount);

/*
 * In the build's own process: the directory of the cache ID, *RET_PATH, which is nobody else's until *RET_FD is closed: 1; 0: there
 * is none. Waits for the steps of other builds that have it.
 */
int build_mounts_lock(struct build *build, const char *id, const char **ret_path, int *ret_fd, struct error *err) _must_check_;

#endif
