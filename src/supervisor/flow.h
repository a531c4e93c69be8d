/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way from one descriptor to several: a process's output to a
 * log and to clients, a client's input to a process.
 *
 * Invariants:
 *  1. Every sink gets every byte that comes after it was added, in order, or is
 *     dropped because it takes no more.
 *  2. Nothing is read while a sink has not taken all that was: a slow reader
 *     slows the writer down, and memory is bounded.
 *  3. No call waits; sinks and source are set to O_NONBLOCK.
 */
#ifndef BIVY_SUPERVISOR_FLOW_H
#define BIVY_SUPERVISOR_FLOW_H

#include "supervisor/loop.h"

#include <stdbool.h>

#define FLOW_BYTES (65u << 10) /* read at once: what a pipe has by default, and a block that is a mapping of its own */

enum flow_flag {
	FLOW_NEEDS_SINK = 1 << 0, /* it ends when nobody takes anything any more */
	FLOW_BORROWS_SINKS = 1 << 1, /* its sinks are not closed with it */
};

struct flow {
	unsigned flags; /* enum flow_flag */
	int source;     /* -EBADF: none yet, or no more */
	bool has_ended; /* the source did, and all was taken */
	bool is_copied; /* splice(2) cannot move it: not both are pipes */
	bool is_cut;    /* nobody who counts writes to the source any more: what is in it is the rest */
	char *pending;  /* what not all have taken; NULL: nothing */
	size_t length;
	struct flow_sink *sinks;
	/* Sees all bytes as they are read; or NULL. */
	void (*tap)(void *context, const void *bytes, size_t length);
	void *context;
};

#define FLOW_INIT ((struct flow){ .source = -EBADF })

/* Begins (again) to read from SOURCE, which the flow owns from now on. */
void flow_open(struct flow *flow, int source);

/* FD is the flow's from now on, unless it borrows. */
void flow_add_sink(struct flow *flow, int fd);

/* Closes sink FD, and what it has not taken is lost to it. */
void flow_drop_sink(struct flow *flow, int fd);

/* Asks the loop for what comes next; its handlers call flow_move(). */
void flow_watch(struct flow *flow, struct loop *loop);

/* Moves what can be moved now. */
void flow_move(struct flow *flow);

/* The writer is gone: the flow ends when the source is empty, whoever else has it open. */
void flow_cut(struct flow *flow);

/* Neither reading nor about to write. */
bool flow_is_idle(const struct flow *flow);

/* Closes all; the flow can be opened again. */
void flow_close(struct flow *flow);

#endif
