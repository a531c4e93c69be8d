/* SPDX-License-Identifier: Apache-2.0 */
/* A start of the container's process, through the runtime, and the removal of what that made: the maker's part. */
#ifndef BIVY_SUPERVISOR_LIFE_START_H
#define BIVY_SUPERVISOR_LIFE_START_H

#include "supervisor/maker.h"

/*
 * Fills maker->first and what belongs to it, and maker->start. RET gets the
 * number and descriptors that deed.h has for DEED_START; close them. On failure
 * nothing is left of it.
 */
int life_start_process(struct maker *maker, uint32_t width, uint32_t height, struct deed_answer *ret, struct error *err) _must_check_;

/*
 * Reads and plans the first start before it is asked for, while the keeper comes up: maker->planned. Nothing of it is seen, also if it
 * fails: then it fails when it is asked for.
 */
void life_start_plan(struct maker *maker);

/* Frees maker->planned, and maker->start: what it tells is in the runtime's record, too. */
void life_start_forget(struct maker *maker);

/* The process has ended: what can be removed of that before the keeper, which reads what is left in the pipes, asks for all of it. */
void life_start_end(struct maker *maker);

/* Removes what the runtime made, after the end of the process. */
int life_start_remove(struct maker *maker, struct error *err) _must_check_;

#endif
