/* SPDX-License-Identifier: Apache-2.0 */
/* Staying with a process in the foreground: signals, terminal, orphans, its end. */
#ifndef BIVY_RUNTIME_SUPERVISE_H
#define BIVY_RUNTIME_SUPERVISE_H

#include "base/error.h"

#include <signal.h>

struct supervision {
	int pidfd;           /* of our child */
	int terminal;        /* master of its terminal, relayed to our standard streams; or -EBADF */
	int notify_socket;   /* notify.h; or -EBADF */
	const char *notify_host;
	const sigset_t *mask; /* what supervise_block_signals() gave */
};

/* Blocks the signals that are to be forwarded, before the child exists, so that none is lost. Undo: sigprocmask with *ret_old. */
void supervise_block_signals(sigset_t *ret_old);

/* Until the child ends; its status as pidfd_wait has it. */
int supervise(const struct supervision *supervision, int *ret_status, struct error *err) _must_check_;

#endif
