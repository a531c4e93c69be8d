/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes of a build, one for each step that is done: several at once,
 * what they print comes back as it is printed, and their result at their end.
 * They end with their parent.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_WORKER_H
#define BIVY_ENGINE_BUILD_WORKER_H

#include "engine/build_step.h"

struct build_workers;

/* In the process of a step: tells its parent, who may be busy, of a BUILD_STATUS. Nothing else is told. */
void build_worker_tell(int fd, const struct build_event *event);

/*
 * Until build_workers_end(), SIGHUP, SIGINT and SIGTERM make build_workers_wait()
 * fail, with an exit status that says which it was; a second one has its usual
 * effect. One of these at a time.
 */
struct build_workers *build_workers_new(struct build *build, size_t limit);

/* Whether one more may be started. */
bool build_workers_have_room(const struct build_workers *workers);
size_t build_workers_running(const struct build_workers *workers);

/* STEP must live until it is done. */
int build_workers_start(struct build_workers *workers, const struct build_step *step, struct error *err) _must_check_;

/* Waits, passing on what they print, until one has ended: it and its result. */
int build_workers_wait(struct build_workers *workers, const struct build_step **ret_step, struct build_step_result *ret, struct error *err) _must_check_;

/* Asks all to end and waits for them. */
void build_workers_end(struct build_workers *workers);

DEFINE_CLEANUP(struct build_workers *, build_workers_end)
#define _cleanup_build_workers_ _cleanup_(cleanup_build_workers_end)

#endif
