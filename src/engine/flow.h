/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way from one descriptor to another, which wait for neither:
 * a loop polls for what flow_poll() says and calls flow_move() then. Between
 * pipes and files they are not copied (splice(2)).
 */
#ifndef BIVY_ENGINE_FLOW_H
#define BIVY_ENGINE_FLOW_H

#include "engine/detach_keys.h"

#include <poll.h>

struct flow {
	int from, to; /* borrowed; both should not block, if they can be made so without others noticing */
	struct detach_keys *keys; /* looked for in what passes; or NULL */
	bool watches_reader; /* set it after flow_open(): FLOW_BROKEN also while there is nothing to write, so that nothing is read in vain */
	bool splices, may_block, waits_for_room, ends_behind_pending, is_open;
	char *block;
	struct buf typed;
	const char *pending; /* read, and not yet written */
	size_t pending_length;
	int error; /* errno of FLOW_BROKEN */
};

enum flow_outcome {
	FLOW_GOES_ON,
	FLOW_ENDED,    /* all of FROM is written */
	FLOW_BROKEN,   /* TO takes no more: .error */
	FLOW_DETACHED, /* the keys were typed; what came before is written */
};

void flow_open(struct flow *flow, int from, int to, struct detach_keys *keys);
void flow_close(struct flow *flow);

/* What to wait for at FROM and at TO; nothing once it is closed. */
void flow_poll(const struct flow *flow, struct pollfd ret[static 2]);

/* Whether POLLS, as flow_poll() filled and poll(2) answered them, let it go on. */
bool flow_is_ready(const struct flow *flow, const struct pollfd polls[static 2]);

/* Then moves some of what is there; after another outcome than FLOW_GOES_ON it is to be closed. */
enum flow_outcome flow_move(struct flow *flow, const struct pollfd polls[static 2]) _must_check_;

#endif
