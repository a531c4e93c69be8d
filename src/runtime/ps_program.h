/* SPDX-License-Identifier: Apache-2.0 */
/* The host's ps(1), and what it says of some processes. */
#ifndef BIVY_RUNTIME_PS_PROGRAM_H
#define BIVY_RUNTIME_PS_PROGRAM_H

#include "base/error.h"
#include "base/str.h"

#include <sys/types.h>

/*
 * Executes ps from $PATH with ARGS (NULL-terminated; none: -ef) and adds to
 * *OUT the title of its table and those of its lines that show one of PIDS.
 * ERROR_INVALID if it fails, with what it says, or prints no column PID.
 */
int ps_program_run(char *const *args, const pid_t *pids, size_t count, struct buf *out, struct error *err) _must_check_;

#endif
