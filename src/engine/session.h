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
#include <termios.h>

struct session {
	const struct container_attachment *attachment;
	int socket;     /* of the supervisor; borrowed */
	bool terminal;  /* the process has one: no error stream */
	int in, out, err; /* our ends of the pipes, or -EBADF */
	int64_t number; /* of an exec; 0: the container's own process */
	bool is_ours;   /* the process was started for us: what it writes after our output's reader has gone brings it SIGPIPE */
	/* What session_close() undoes. */
	sigset_t old_mask, watched; /* before; and which signals are taken in place of their effect */
	struct sigaction old_pipe_action;
	bool blocks_signals, is_raw;
	struct termios old_terminal;
	int last_signal; /* that ended session_run(), to have its usual effect at last; or 0 */
};

#define SESSION_INIT ((struct session){ .socket = -EBADF, .in = -EBADF, .out = -EBADF, .err = -EBADF })

/*
 * Whether our standard streams can be a process's as ATTACHMENT says, before anything is done for it. As docker, a terminal is for
 * a person at one: ERROR_INVALID, exit status 1, if the standard input is something else. Also of wrong detach keys.
 */
int session_check(const struct container_attachment *attachment, bool terminal, struct error *err) _must_check_;

/* Makes the pipes; THEIRS (3 at most, *RET_COUNT) are to go along with ATTACH or EXEC and be closed. Blocks the signals that will be passed on. */
int session_open(struct session *session, int theirs[3], size_t *ret_count, struct error *err) _must_check_;

/* The window's size now, for ATTACH and EXEC; 0 without a terminal. */
void session_size(const struct session *session, uint32_t *ret_width, uint32_t *ret_height);

/* Sends MESSAGE, an ATTACH or EXEC, with THEIRS, and with what of the streams is there and the size of the window put into it. */
int session_send(struct session *session, struct spec_message *message, const int *theirs, size_t count, struct error *err) _must_check_;

/*
 * Moves bytes until the process has ended and all of its output was written
 * out, or the person detaches, or the supervisor is gone (ERROR_UNAVAILABLE).
 * A signal that ends us and is not passed on is kept for session_close().
 */
int session_run(struct session *session, struct container_start_report *ret, struct error *err) _must_check_;

/* Undoes session_open() and session_run(); a signal that ended the latter has its usual effect then. */
void session_close(struct session *session);
#define _cleanup_session_ _cleanup_(session_close)

#endif
