/* SPDX-License-Identifier: Apache-2.0 */
/* What the maker tells unasked (deed.h): ends of processes, that the host stops, warnings. */
#ifndef BIVY_SUPERVISOR_NOTICES_H
#define BIVY_SUPERVISOR_NOTICES_H

#include "supervisor/keeper.h"

/* Takes all that there are; a loop_handler, whose CONTEXT is the keeper. */
void notices_take(void *context, short events);

/* Before the last word is written down: what the maker has done by now, it has also told of. */
void notices_settle(struct keeper *keeper);

#endif
