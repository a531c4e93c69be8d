/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_pipe.h"

#include "base/memory.h"

#include <fcntl.h>

#define PIPES 64            /* at most */
#define SPARE_PIPES 16      /* kept when they are empty */
#define LARGE_PIPES 12      /* so that all together are a quarter of what a user has by default */
#define LARGE_BYTES (1u << 20) /* the most that he may have of one, by default */

static void free_pipe(struct forwarder *forwarder, struct forwarder_pipe *pipe)
{
	close(pipe->in);
	close(pipe->out);
	free(pipe);
	forwarder->pipe_count--;
}

static struct forwarder_pipe *make_pipe(struct forwarder *forwarder)
{
	struct forwarder_pipe *pipe;
	int fds[2];

	if (forwarder->pipe_count >= PIPES || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return NULL;
	if (forwarder->pipe_count < LARGE_PIPES)
		ignore_result(fcntl(fds[1], F_SETPIPE_SZ, LARGE_BYTES)); /* a smaller one takes more calls */
	pipe = memory_new(1, sizeof *pipe);
	*pipe = (struct forwarder_pipe){ .in = fds[1], .out = fds[0] };
	forwarder->pipe_count++;
	return pipe;
}

struct forwarder_pipe *forwarder_pipe_take(struct forwarder *forwarder)
{
	struct forwarder_pipe *pipe = forwarder->pipes;

	if (!pipe)
		return make_pipe(forwarder);
	forwarder->pipes = pipe->next;
	forwarder->spare_pipes--;
	return pipe;
}

void forwarder_pipe_return(struct forwarder *forwarder, struct forwarder_pipe **slot, bool is_empty)
{
	struct forwarder_pipe *pipe = TAKE_PTR(*slot);

	if (!pipe)
		return;
	if (!is_empty || forwarder->spare_pipes >= SPARE_PIPES) {
		free_pipe(forwarder, pipe);
		return;
	}
	pipe->next = forwarder->pipes;
	forwarder->pipes = pipe;
	forwarder->spare_pipes++;
}

void forwarder_pipe_free_all(struct forwarder *forwarder)
{
	while (forwarder->pipes) {
		struct forwarder_pipe *pipe = forwarder->pipes;

		forwarder->pipes = pipe->next;
		free_pipe(forwarder, pipe);
	}
	forwarder->spare_pipes = 0;
}
