/* SPDX-License-Identifier: Apache-2.0 */
/* How the keeper has the maker do things (deed.h). */
#ifndef BIVY_SUPERVISOR_DEEDS_H
#define BIVY_SUPERVISOR_DEEDS_H

#include "supervisor/deed.h"
#include "supervisor/keeper.h"

/*
 * A deed without an answer, in its turn; LUGGAGE may be NULL. What cannot be
 * done is logged; a maker that has ended takes the keeper with it.
 */
void deeds_do(struct keeper *keeper, const struct deed *deed, const struct deed_luggage *luggage);
void deeds_do_text(struct keeper *keeper, enum deed_type type, const void *text, size_t length);

/* All that was asked for is done. */
void deeds_settle(struct keeper *keeper);

/* Of one with an answer. RET may be NULL if nothing comes along; its descriptors are the caller's. */
int deeds_ask(struct keeper *keeper, const struct deed *deed, struct deed_answer *ret, struct error *err) _must_check_;

/* The same in two steps. */
int deeds_begin(struct keeper *keeper, const struct deed *deed, struct error *err) _must_check_;
int deeds_wait(struct keeper *keeper, struct deed_answer *ret, struct error *err) _must_check_;

/* R of deed.h's functions: if there is no maker any more this process ends. */
void deeds_end_if_alone(int r);

#endif
