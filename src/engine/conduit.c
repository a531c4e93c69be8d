/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/conduit.h"
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

void conduit_open(struct conduit *conduit, int from, int to, struct detach_keys *keys)
{
	bool from_pipe = false, to_pipe = false;
	bool simple = is_pipe_or_file(from, &from_pipe) && is_pipe_or_file(to, &to_pipe) && (from_pipe || to_pipe);
	int flags = fcntl(to, F_GETFL);

	*conduit = (struct conduit){ .from = from, .to = to, .keys = keys, .is_open = true };
	conduit->splices = simple && !keys;
	conduit->may_block = flags >= 0 && !(flags & O_NONBLOCK);
}

void conduit_close(struct conduit *conduit)
{
	free(conduit->block);
	buf_done(&conduit->typed);
	*conduit = (struct conduit){ .from = -EBADF, .to = -EBADF };
}

/* ---- waiting ------------------------------------------------------------------------- */

void conduit_poll(const struct conduit *conduit, struct pollfd ret[static 2])
{
	bool writes = conduit->pending_length > 0 || conduit->waits_for_room;

	ret[0] = (struct pollfd){ .fd = conduit->is_open && !writes ? conduit->from : -1, .events = POLLIN };
	/* Without events it still tells of POLLERR: nobody is there to read. */
	ret[1] = (struct pollfd){ .fd = conduit->is_open && (writes || conduit->watches_reader) ? conduit->to : -1, .events = writes ? POLLOUT : 0 };
}

bool conduit_is_ready(const struct conduit *conduit, const struct pollfd polls[static 2])
{
	return conduit->is_open && (polls[0].revents || polls[1].revents);
}

/* ---- moving --------------------------------------------------------------------------- */

static enum conduit_outcome broken(struct conduit *conduit, int code)
{
	conduit->error = code;
	return CONDUIT_BROKEN;
}

static enum conduit_outcome write_pending(struct conduit *conduit)
{
	while (conduit->pending_length > 0) {
		/* A pipe that can be written to has room for that much (pipe(7)). */
		size_t length = conduit->may_block && conduit->pending_length > PIPE_BUF ? PIPE_BUF : conduit->pending_length;
		ssize_t n = write(conduit->to, conduit->pending, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? CONDUIT_GOES_ON : broken(conduit, errno);
		conduit->pending += n;
		conduit->pending_length -= (size_t)n;
		if (conduit->may_block)
			break;
	}
	return conduit->pending_length == 0 && conduit->ends_behind_pending ? CONDUIT_DETACHED : CONDUIT_GOES_ON;
}

/* What was read is pending then, less what is held back of the keys. */
static void take_block(struct conduit *conduit, size_t length)
{
	conduit->pending = conduit->block;
	conduit->pending_length = length;
	if (conduit->look)
		conduit->look(conduit->look_context, conduit->block, length);
	if (!conduit->keys)
		return;
	conduit->typed.length = 0;
	conduit->ends_behind_pending = detach_keys_filter(conduit->keys, conduit->block, length, &conduit->typed);
	conduit->pending = conduit->typed.data;
	conduit->pending_length = conduit->typed.length;
}

static enum conduit_outcome copy(struct conduit *conduit)
{
	ssize_t n;

	if (!conduit->block)
		conduit->block = memory_new(BLOCK, 1);
	n = read(conduit->from, conduit->block, BLOCK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return CONDUIT_GOES_ON;
	if (n <= 0) /* a terminal that hung up, or no descriptor: there is no more to come from it either */
		return CONDUIT_ENDED;
	take_block(conduit, (size_t)n);
	return write_pending(conduit);
}

/* Either FROM has nothing or TO no room: which one is waited for changes with each such answer. */
static enum conduit_outcome splice_on(struct conduit *conduit)
{
	ssize_t n = splice(conduit->from, NULL, conduit->to, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n > 0) {
		conduit->waits_for_room = false;
		return CONDUIT_GOES_ON;
	}
	if (n == 0)
		return CONDUIT_ENDED;
	if (errno == EAGAIN)
		conduit->waits_for_room = !conduit->waits_for_room;
	else if (errno == EINVAL) /* a file that is appended to, or whose file system cannot do it */
		conduit->splices = conduit->waits_for_room = false;
	else if (errno != EINTR)
		return broken(conduit, errno);
	return CONDUIT_GOES_ON;
}

enum conduit_outcome conduit_move(struct conduit *conduit, const struct pollfd polls[static 2])
{
	if (conduit->watches_reader && polls[1].revents & (POLLERR | POLLNVAL))
		return broken(conduit, EPIPE);
	if (conduit->pending_length > 0)
		return write_pending(conduit);
	return conduit->splices ? splice_on(conduit) : copy(conduit);
}
