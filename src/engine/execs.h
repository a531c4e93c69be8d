/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that are executed in containers in two steps, as docker's API has
 * it: made, and then started by whoever knows the id.
 *
 *   RUN_ROOT/execs/CONTAINER/EXEC       what is to be executed (spec/exec.h)
 *   RUN_ROOT/execs/CONTAINER/EXEC.run   made by who starts it, who holds flock(2)
 *                                       on it until the process has ended; then it
 *                                       has the exit code
 *
 * Both are dropped a while after the end, and with the container.
 */
#ifndef BIVY_ENGINE_EXECS_H
#define BIVY_ENGINE_EXECS_H

#include "engine/containers.h"
#include "spec/exec.h"

/* *RET_ID, of 64 digits, lives in the arena. ERROR_CONFLICT if the container does not run. */
int exec_create(struct arena *arena, const struct directories *directories, const char *container, const struct spec_exec *exec, const char **ret_id,
	struct error *err) _must_check_;

struct exec_start_request {
	const struct directories *directories;
	const char *id;
	struct container_wire *wire; /* its .started is ours; .out stays -EBADF for a process that nobody attaches to */
	bool detach;
};

/* Returns once it has ended. ERROR_NOT_FOUND "no such exec 'x'", ERROR_CONFLICT if it was started before. */
int exec_start(const struct exec_start_request *request, struct error *err) _must_check_;

struct exec_report {
	const struct spec_exec *exec;
	const char *container; /* id */
	bool running, has_ended;
	int64_t exit_code, pid;
};
int exec_inspect(struct arena *arena, const struct directories *directories, const char *id, struct exec_report *ret, struct error *err) _must_check_;

int exec_resize(const struct directories *directories, const char *id, uint32_t width, uint32_t height, struct error *err) _must_check_;

#endif
