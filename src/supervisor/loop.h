/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor waits for: descriptors and moments. All of it is told
 * anew for each round, so that nothing has to be taken back: who is gone is
 * simply not asked any more.
 */
#ifndef BIVY_SUPERVISOR_LOOP_H
#define BIVY_SUPERVISOR_LOOP_H

#include "base/cleanup.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_PATIENCE_NS 10000000 /* until poll(2) is asked again that had no memory */

#define LOOP_NEVER INT64_MAX

/* EVENTS as poll(2) returns them. What CONTEXT points to must live until the end of the round. */
typedef void loop_handler(void *context, short events);

struct loop {
	struct pollfd *polls;
	struct loop_entry *entries;
	size_t count, capacity;
	int64_t due_ns;
};

void loop_done(struct loop *loop);

/* A new round, with nothing to wait for. */
void loop_begin(struct loop *loop);

/* HANDLER is called if FD is ready for EVENTS, or has hung up (EVENTS 0: only that). */
void loop_watch(struct loop *loop, int fd, short events, loop_handler *handler, void *context);

/* The round ends at MOMENT_NS of loop_now_ns() at the latest. */
void loop_wake_at(struct loop *loop, int64_t moment_ns);

/* Waits, and calls the handlers of those that are ready. -errno of poll(2), but 0 for EINTR. */
int loop_run(struct loop *loop) _must_check_;

/* CLOCK_MONOTONIC, and CLOCK_REALTIME since 1970. */
int64_t loop_now_ns(void);
int64_t loop_wall_ns(void);

#endif
