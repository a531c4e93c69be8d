/* SPDX-License-Identifier: Apache-2.0 */
/* The process in between: enters namespaces and clones the container's process. See spawn.h. */
#ifndef BIVY_RUNTIME_JOINER_H
#define BIVY_RUNTIME_JOINER_H

#include "runtime/spawn.h"

#include <stdint.h>

/* Tells the parent of the child or of what failed, over request->sync_joiner, and ends. */
_noreturn_ void joiner_run(struct spawn_request *request);

/* The clone itself, in spawn.c: EXTRA_FLAGS is 0 or CLONE_PARENT. */
int spawn_clone(struct spawn_request *request, uint64_t extra_flags, struct spawned *ret) _must_check_;

#endif
