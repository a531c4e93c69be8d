/* SPDX-License-Identifier: Apache-2.0 */
/* A start of the container's process, through the runtime, and the removal of what that made. */
#ifndef BIVY_SUPERVISOR_LIFE_START_H
#define BIVY_SUPERVISOR_LIFE_START_H

#include "supervisor/keeper.h"

/* Fills keeper->first and keeper->start. On failure nothing is left of it. */
int life_start_process(struct keeper *keeper, uint32_t width, uint32_t height, struct error *err) _must_check_;

/* Frees keeper->start: what it tells is in the runtime's record, too. */
void life_start_forget(struct keeper *keeper);

/* Removes what the runtime made, after the end of the process. */
int life_start_remove(struct keeper *keeper, struct error *err) _must_check_;

#endif
