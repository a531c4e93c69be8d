/* SPDX-License-Identifier: Apache-2.0 */
/* A start of the container's process: the keeper's part, its streams and its log. */
#ifndef BIVY_SUPERVISOR_LIFE_BEGIN_H
#define BIVY_SUPERVISOR_LIFE_BEGIN_H

#include "supervisor/keeper.h"

/*
 * Has it started, and fills keeper->first. The keeper is confined (confinement.h)
 * before the process is there. On failure nothing is left of it.
 */
int life_begin(struct keeper *keeper, uint32_t width, uint32_t height, struct error *err) _must_check_;

#endif
