/* SPDX-License-Identifier: Apache-2.0 */
/* What the container is doing: started, signalled, stopped, paused, ended, started again. */
#ifndef BIVY_SUPERVISOR_LIFE_H
#define BIVY_SUPERVISOR_LIFE_H

#include "supervisor/deed.h"
#include "supervisor/keeper.h"

#define LIFE_DEFAULT_TIMEOUT_S 10 /* docker's, between a stop's signal and SIGKILL */

/* Starts its process. WIDTH and HEIGHT of its terminal, 0: unknown. On failure nothing runs, and the state says why. */
int life_start(struct keeper *keeper, uint32_t width, uint32_t height, struct error *err) _must_check_;

/* Sends SIGNAL to its first process, or does what that would do to any other (first_process.h). ERROR_CONFLICT if it does not run. */
int life_signal(struct keeper *keeper, int signal_number, struct error *err) _must_check_;

/*
 * Asks it to end, by SIGNAL (0: its own) and, after TIMEOUT_S (-2: its own, -1:
 * never), SIGKILL. A restart that is due later is called off. Returns at once.
 */
int life_stop(struct keeper *keeper, int signal_number, int64_t timeout_s, struct error *err) _must_check_;

int life_pause(struct keeper *keeper, struct error *err) _must_check_;
int life_unpause(struct keeper *keeper, struct error *err) _must_check_;

/* The first process was reaped: what the maker tells of that. */
void life_take_end(struct keeper *keeper, const struct deed_notice *notice);

/* What is due now: moments, and what follows from all output having been read. */
void life_step(struct keeper *keeper);

/* Tells the loop what there is to wait for. */
void life_watch(struct keeper *keeper);

/* Closes and frees what is left of the process. */
void life_done(struct keeper *keeper);

#endif
