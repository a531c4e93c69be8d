/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/flow.h"
#include "base/memory.h"

#include <fcntl.h>
#include <string.h>

#define ROUNDS 16 /* blocks moved before others have their turn */
#define SPLICE_BYTES (1u << 20) /* more than a pipe has by default; pipe(7) */

struct flow_sink {
	struct flow_sink *next;
	int fd;
	size_t taken; /* of what is pending */
};

static void set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && !(flags & O_NONBLOCK))
		ignore_result(fcntl(fd, F_SETFL, flags | O_NONBLOCK)); /* cannot fail for a descriptor that is open */
}

/* ---- sinks --------------------------------------------------------------------------- */

static void remove_sink(struct flow *flow, struct flow_sink **slot)
{
	struct flow_sink *sink = *slot;

	*slot = sink->next;
	if (!(flow->flags & FLOW_BORROWS_SINKS))
		close(sink->fd);
	free(sink);
}

void flow_add_sink(struct flow *flow, int fd)
{
	struct flow_sink *sink = memory_new(1, sizeof *sink);

	set_nonblocking(fd);
	*sink = (struct flow_sink){ .next = flow->sinks, .fd = fd, .taken = flow->length };
	flow->sinks = sink;
}

void flow_drop_sink(struct flow *flow, int fd)
{
	for (struct flow_sink **slot = &flow->sinks; *slot; slot = &(*slot)->next) {
		if ((*slot)->fd == fd) {
			remove_sink(flow, slot);
			return;
		}
	}
}

/* Whether SINK can go on: it has taken what there was, or will when it is ready. */
static bool write_sink(struct flow_sink *sink, const char *bytes, size_t length)
{
	while (sink->taken < length) {
		ssize_t n = write(sink->fd, bytes + sink->taken, length - sink->taken);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		sink->taken += (size_t)n;
	}
	return true;
}

/* To all sinks; true if all have all. */
static bool write_sinks(struct flow *flow, const char *bytes, size_t length)
{
	bool is_done = true;

	for (struct flow_sink **slot = &flow->sinks; *slot;) {
		if (!write_sink(*slot, bytes, length)) {
			remove_sink(flow, slot);
			continue;
		}
		is_done &= (*slot)->taken == length;
		slot = &(*slot)->next;
	}
	return is_done;
}

/* ---- the source ------------------------------------------------------------------------- */

void flow_open(struct flow *flow, int source)
{
	set_nonblocking(source);
	flow->source = source;
	flow->has_ended = flow->is_cut = flow->is_copied = false;
}

static void end(struct flow *flow)
{
	close_and_forget(&flow->source);
	while (flow->sinks)
		remove_sink(flow, &flow->sinks);
	free(TAKE_PTR(flow->pending));
	flow->length = 0;
	flow->has_ended = true;
}

/* What was read earlier and is not taken by all yet; true when there is nothing of it left. */
static bool move_pending(struct flow *flow)
{
	if (!flow->pending)
		return true;
	if (!write_sinks(flow, flow->pending, flow->length))
		return false;
	free(TAKE_PTR(flow->pending));
	flow->length = 0;
	return true;
}

static void keep(struct flow *flow, const char *bytes, size_t length)
{
	flow->pending = memory_new(length, 1);
	memcpy(flow->pending, bytes, length);
	flow->length = length;
}

/*
 * From pipe to pipe nobody looks at them, so they need not be copied. False if
 * that is not so, or nothing could be moved: reading and writing tell why.
 */
static bool splice_block(struct flow *flow)
{
	ssize_t n;

	if (flow->tap || flow->is_copied || !flow->sinks || flow->sinks->next)
		return false;
	n = splice(flow->source, NULL, flow->sinks->fd, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK);
	if (n < 0 && errno == EINVAL)
		flow->is_copied = true;
	return n > 0;
}

/* One block; false if there is none now. *MEMORY is for it, and made when it is needed. */
static bool move_block(struct flow *flow, char **memory)
{
	char *block = *memory;
	ssize_t n;

	if (splice_block(flow))
		return true;
	if (!block)
		block = *memory = memory_new(FLOW_BYTES, 1);
	n = read(flow->source, block, FLOW_BYTES);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN && !flow->is_cut)
		return false;
	/* A terminal that nobody has open any more answers EIO. */
	if (n <= 0) {
		end(flow);
		return false;
	}
	if (flow->tap)
		flow->tap(flow->context, block, (size_t)n);
	for (struct flow_sink *sink = flow->sinks; sink; sink = sink->next)
		sink->taken = 0;
	if (write_sinks(flow, block, (size_t)n))
		return true;
	keep(flow, block, (size_t)n);
	return false;
}

/* A supervisor mostly waits: it keeps no buffer meanwhile. */
void flow_move(struct flow *flow)
{
	_cleanup_free_ char *memory = NULL;

	if (flow->source < 0)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		if (!move_pending(flow))
			return;
		if ((flow->flags & FLOW_NEEDS_SINK) && !flow->sinks) {
			end(flow);
			return;
		}
		if (!move_block(flow, &memory))
			return;
	}
}

static void source_is_ready(void *context, short events _unused_)
{
	flow_move(context);
}

static void sink_is_ready(void *context, short events _unused_)
{
	struct flow *flow = context;

	if (flow->pending)
		flow_move(flow);
}

/* With nothing to write, that a sink's reader is gone is asked for by itself. */
static void sink_hung_up(void *context, short events)
{
	struct flow *flow = context;
	struct pollfd ask = { .events = 0 };

	if (!(events & (POLLERR | POLLHUP | POLLNVAL)))
		return;
	for (struct flow_sink **slot = &flow->sinks; *slot;) {
		ask.fd = (*slot)->fd;
		if (poll(&ask, 1, 0) > 0)
			remove_sink(flow, slot);
		else
			slot = &(*slot)->next;
	}
	if ((flow->flags & FLOW_NEEDS_SINK) && !flow->sinks && flow->source >= 0)
		end(flow);
}

void flow_watch(struct flow *flow, struct loop *loop)
{
	for (struct flow_sink *sink = flow->sinks; sink; sink = sink->next) {
		if (flow->pending && sink->taken < flow->length)
			loop_watch(loop, sink->fd, POLLOUT, sink_is_ready, flow);
		else
			loop_watch(loop, sink->fd, 0, sink_hung_up, flow);
	}
	if (flow->source < 0 || flow->pending)
		return; /* an end that cannot be taken yet would be told again and again */
	if (flow->is_cut)
		loop_wake_at(loop, 0);
	loop_watch(loop, flow->source, POLLIN, source_is_ready, flow);
}

void flow_cut(struct flow *flow)
{
	if (flow->source < 0)
		return;
	flow->is_cut = true;
	flow_move(flow);
}

bool flow_is_idle(const struct flow *flow)
{
	return flow->source < 0;
}

void flow_close(struct flow *flow)
{
	end(flow);
	flow->has_ended = false;
}
