/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way from one descriptor to another, which wait for neither:
 * a loop polls for what conduit_poll() says and calls conduit_move() then. Between
 * pipes and files they are not copied (splice(2)).
 */
#ifndef BIVY_ENGINE_CONDUIT_H
#define BIVY_ENGINE_CONDUIT_H

#include "engine/detach_keys.h"

#include <poll.h>

struct conduit {
	int from, to; /* borrowed; both should not block, if they can be made so without others noticing */
	struct detach_keys *keys; /* looked for in what passes; or NULL */
	/* Set after conduit_open(): sees what passes, and may change it. Not between pipes and files. */
	void (*look)(void *context, char *bytes, size_t length);
	void *look_context;
	bool watches_reader; /* set it after conduit_open(): CONDUIT_BROKEN also while there is nothing to write, so that nothing is read in vain */
	bool splices, may_block, waits_for_room, ends_behind_pending, is_open;
	char *block;
	struct buf typed;
	const char *pending; /* read, and not yet written */
	size_t pending_length;
	int error; /* errno of CONDUIT_BROKEN */
};

enum conduit_outcome {
	CONDUIT_GOES_ON,
	CONDUIT_ENDED,    /* all of FROM is written */
	CONDUIT_BROKEN,   /* TO takes no more: .error */
	CONDUIT_DETACHED, /* the keys were typed; what came before is written */
};

void conduit_open(struct conduit *conduit, int from, int to, struct detach_keys *keys);
void conduit_close(struct conduit *conduit);

/* What to wait for at FROM and at TO; nothing once it is closed. */
void conduit_poll(const struct conduit *conduit, struct pollfd ret[static 2]);

/* Whether POLLS, as conduit_poll() filled and poll(2) answered them, let it go on. */
bool conduit_is_ready(const struct conduit *conduit, const struct pollfd polls[static 2]);

/* Then moves some of what is there; after another outcome than CONDUIT_GOES_ON it is to be closed. */
enum conduit_outcome conduit_move(struct conduit *conduit, const struct pollfd polls[static 2]) _must_check_;

#endif
