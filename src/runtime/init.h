/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from clone to exec. */
#ifndef BIVY_RUNTIME_INIT_H
#define BIVY_RUNTIME_INIT_H

#include "runtime/plan.h"

struct init_context {
	struct plan *plan;
	const struct spec_state *state; /* for hooks */
	int lock;           /* the open, locked file `init` of the record (container.h, 4) */
	int start_socket;   /* listening (SOCK_SEQPACKET), `start` says SYNC_GO on it and may hear SYNC_ERROR; or -EBADF: run without waiting for `start` */
	const struct console *console; /* where the terminal's master goes, if one is asked for */
	const struct listener *listener; /* or NULL */
	bool waits_first;   /* the parent has work to do on us (id maps, links) before we begin */
};

/* The child function of spawn(): CONTEXT is a struct init_context. Never returns. */
_noreturn_ void init_run(void *context, int sync);

#endif
