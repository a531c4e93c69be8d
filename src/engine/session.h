/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person at a container's streams: what attach, exec and a start in the
 * foreground have in common. Our standard streams are connected to pipes whose
 * other ends a supervisor has; the terminal is raw meanwhile, its size is
 * followed, detach keys are looked for, signals are passed on; and all of that
 * is undone whatever ends it.
 */
#ifndef BIVY_ENGINE_SESSION_H
#define BIVY_ENGINE_SESSION_H

#include "engine/containers.h"
#include "spec/supervision.h"

#include <signal.h>

struct session {
	const struct container_attachment *attachment;
	int socket;     /* of the supervisor; borrowed */
	bool terminal;  /* the process has one: no error stream */
	int in, out, err; /* our ends of the pipes, or -EBADF */
	int64_t number; /* of an exec; 0: the container's own process */
	sigset_t old_mask;
	bool blocks_signals;
};

#define SESSION_INIT ((struct session){ .socket = -EBADF, .in = -EBADF, .out = -EBADF, .err = -EBADF })

/* Makes the pipes; THEIRS (3 at most, *RET_COUNT) are to go along with ATTACH or EXEC and be closed. Blocks the signals that will be passed on. */
int session_open(struct session *session, int theirs[3], size_t *ret_count, struct error *err) _must_check_;

/* The window's size now, for ATTACH and EXEC; 0 without a terminal. */
void session_size(const struct session *session, uint32_t *ret_width, uint32_t *ret_height);

/*
 * Moves bytes until the process has ended and all of its output was written
 * out, or the person detaches, or the supervisor is gone (ERROR_UNAVAILABLE).
 * Signals that were not passed on have their usual effect.
 */
int session_run(struct session *session, struct container_start_report *ret, struct error *err) _must_check_;
void session_close(struct session *session);

#endif
