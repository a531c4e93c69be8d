/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a container for who stays with it himself. */
#ifndef BIVY_RUNTIME_RUN_H
#define BIVY_RUNTIME_RUN_H

#include "runtime/create.h"

/*
 * Makes the container of PLAN and executes its program, poststart hooks
 * included: the process is our child, *RET_TERMINAL the master of its terminal
 * (untouched without one; close it). Undo: kill and reap it, creation_remove();
 * release with creation_done() in any case. On failure all is undone.
 */
int run_start(const struct runtime *runtime, struct plan *plan, struct creation *ret, int *ret_terminal, struct error *err) _must_check_;

#endif
