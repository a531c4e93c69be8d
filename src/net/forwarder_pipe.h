/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from one socket to another without copying: through a pipe, which is borrowed only as long as there is something in it. The
 * kernel counts pages of all pipes of a user (pipe(7), pipe-user-pages-soft): there are few of them.
 */
#ifndef BIVY_NET_FORWARDER_PIPE_H
#define BIVY_NET_FORWARDER_PIPE_H

#include "net/forwarder_loop.h"

#include <sys/types.h>

struct forwarder_pipe {
	struct forwarder_pipe *next;
	int in, out;
};

/* An empty one, or NULL: there are enough, or descriptors are out. */
struct forwarder_pipe *forwarder_pipe_take(struct forwarder *forwarder);

/* Back; IS_EMPTY false: what is in it is lost. *PIPE (NULL: nothing to do) is NULL afterwards. */
void forwarder_pipe_return(struct forwarder *forwarder, struct forwarder_pipe **pipe, bool is_empty);

void forwarder_pipe_free_all(struct forwarder *forwarder);

#endif
