/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/flow.h"
#include "base/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define BLOCK (64u << 10)
#define SPLICE_BYTES (1u << 20)

static bool is_pipe_or_file(int fd, bool *ret_is_pipe)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	*ret_is_pipe = S_ISFIFO(status.st_mode);
	return S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode);
}

void flow_open(struct flow *flow, int from, int to, struct detach_keys *keys)
{
	bool from_pipe = false, to_pipe = false;
	bool simple = is_pipe_or_file(from, &from_pipe) && is_pipe_or_file(to, &to_pipe) && (from_pipe || to_pipe);
	int flags = fcntl(to, F_GETFL);

	*flow = (struct flow){ .from = from, .to = to, .keys = keys, .is_open = true };
	flow->splices = simple && !keys;
	flow->may_block = flags >= 0 && !(flags & O_NONBLOCK);
}

void flow_close(struct flow *flow)
{
	free(flow->block);
	buf_done(&flow->typed);
	*flow = (struct flow){ .from = -EBADF, .to = -EBADF };
}

/* ---- waiting ------------------------------------------------------------------------- */

void flow_poll(const struct flow *flow, struct pollfd ret[static 2])
{
	bool writes = flow->pending_length > 0 || flow->waits_for_room;

	ret[0] = (struct pollfd){ .fd = flow->is_open && !writes ? flow->from : -1, .events = POLLIN };
	/* Without events it still tells of POLLERR: nobody is there to read. */
	ret[1] = (struct pollfd){ .fd = flow->is_open && (writes || flow->watches_reader) ? flow->to : -1, .events = writes ? POLLOUT : 0 };
}

bool flow_is_ready(const struct flow *flow, const struct pollfd polls[static 2])
{
	return flow->is_open && (polls[0].revents || polls[1].revents);
}

/* ---- moving --------------------------------------------------------------------------- */

static enum flow_outcome broken(struct flow *flow, int code)
{
	flow->error = code;
	return FLOW_BROKEN;
}

static enum flow_outcome write_pending(struct flow *flow)
{
	while (flow->pending_length > 0) {
		/* A pipe that can be written to has room for that much (pipe(7)). */
		size_t length = flow->may_block && flow->pending_length > PIPE_BUF ? PIPE_BUF : flow->pending_length;
		ssize_t n = write(flow->to, flow->pending, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? FLOW_GOES_ON : broken(flow, errno);
		flow->pending += n;
		flow->pending_length -= (size_t)n;
		if (flow->may_block)
			break;
	}
	return flow->pending_length == 0 && flow->ends_behind_pending ? FLOW_DETACHED : FLOW_GOES_ON;
}

/* What was read is pending then, less what is held back of the keys. */
static void take_block(struct flow *flow, size_t length)
{
	flow->pending = flow->block;
	flow->pending_length = length;
	if (!flow->keys)
		return;
	flow->typed.length = 0;
	flow->ends_behind_pending = detach_keys_filter(flow->keys, flow->block, length, &flow->typed);
	flow->pending = flow->typed.data;
	flow->pending_length = flow->typed.length;
}

static enum flow_outcome copy(struct flow *flow)
{
	ssize_t n;

	if (!flow->block)
		flow->block = memory_new(BLOCK, 1);
	n = read(flow->from, flow->block, BLOCK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return FLOW_GOES_ON;
	if (n <= 0) /* a terminal that hung up, or no descriptor: there is no more to come from it either */
		return FLOW_ENDED;
	take_block(flow, (size_t)n);
	return write_pending(flow);
}

/* Either FROM has nothing or TO no room: which one is waited for changes with each such answer. */
static enum flow_outcome splice_on(struct flow *flow)
{
	ssize_t n = splice(flow->from, NULL, flow->to, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n > 0) {
		flow->waits_for_room = false;
		return FLOW_GOES_ON;
	}
	if (n == 0)
		return FLOW_ENDED;
	if (errno == EAGAIN)
		flow->waits_for_room = !flow->waits_for_room;
	else if (errno == EINVAL) /* a file that is appended to, or whose file system cannot do it */
		flow->splices = flow->waits_for_room = false;
	else if (errno != EINTR)
		return broken(flow, errno);
	return FLOW_GOES_ON;
}

enum flow_outcome flow_move(struct flow *flow, const struct pollfd polls[static 2])
{
	if (flow->watches_reader && polls[1].revents & (POLLERR | POLLNVAL))
		return broken(flow, EPIPE);
	if (flow->pending_length > 0)
		return write_pending(flow);
	return flow->splices ? splice_on(flow) : copy(flow);
}
