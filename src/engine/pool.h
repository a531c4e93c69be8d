/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is prepared before it is asked for: seats (seat.h) for containers like
 * those that ran last, made by a process of its own, `bivy system pool`, while
 * nobody waits. The supervisor of a container that has ended becomes it, unless
 * there is one.
 *
 *   1. RUN/pool.lock is locked by that process as long as it lives; there is one at most.
 *   2. RUN/pool.sock is its socket: who connects asks for one thing, and gets an answer. Who is not answered
 *      within a few milliseconds does without.
 *   3. A seat that was sent is whoever's has received it, with all its locks; it is never given back.
 *   4. The rest of a removal that it has taken on (container.h, invariant 4) it keeps locked until that is done;
 *      of POOL_REMOVALS at most, soon after, and before it ends.
 *   5. It has POOL_SEATS seats at most, for the POOL_KINDS kinds that were asked for last, and ends POOL_IDLE_MS
 *      after it was asked last. What it has not given away it takes back then, and networks go that nobody is in.
 *   6. Killed, it leaves what seat.h says, removals to be finished by anybody, a socket that nobody answers, and a file that nobody has locked.
 *
 * What would be kept from changing by seats, images and networks that are
 * removed, asks it to end first: pool_drop().
 *
 * The environment variable BIVY_POOL says how many seats of a kind there are,
 * 1 if it says nothing; "off" or 0: none, and none is taken.
 */
#ifndef BIVY_ENGINE_POOL_H
#define BIVY_ENGINE_POOL_H

#include "engine/seat.h"

#define POOL_KINDS 4
#define POOL_SEATS 8
#define POOL_REMOVALS 32
#define POOL_IDLE_MS 15000

/* Whether *RET, which was SEAT_NONE, is one for CONTAINER; its texts are in the arena. */
bool pool_take(struct arena *arena, const struct directories *directories, const struct spec_container *container, struct seat *ret) _must_check_;

/*
 * The same for a CONTAINER that has its id, and whose record is locked: *RET is adopted by it then (seat_adopt()), and has ids, namespaces and
 * a link.
 */
bool pool_adopt(struct arena *arena, const struct directories *directories, const struct spec_container *container, struct seat *ret) _must_check_;

/* What makes seats for containers like this one, or IS_ADOPTED for those that have their id: `bivy --root … system pool NETWORK LAYER`, BIVY being the program; NULL: nothing shall. */
char **pool_command(struct arena *arena, const struct directories *directories, const char *bivy, const struct spec_container *container,
	bool is_adopted);

/*
 * Whether it takes on what is left of a removal: the entry NAME of
 * ROOT/containers, ".gone-…", whose lock FD has. The caller only closes FD then.
 */
bool pool_finish_removal(const struct directories *directories, const char *name, int fd) _must_check_;

struct pool_report {
	unsigned seats, kinds;
};

/* What is there now; all 0 if there is nobody. */
void pool_look(const struct directories *directories, struct pool_report *ret);

/* Waits until there is nobody who has seats, or for a few seconds. */
void pool_drop(const struct directories *directories);

/* Becomes what pool_command() says, unless there is one; returns if not. */
void pool_execute(const struct directories *directories, char *const *command);

/* That process, from its lock to its end. 0 at once if there is one. */
int pool_serve(const struct directories *directories, const struct seat_kind *kind, struct error *err) _must_check_;

#endif
