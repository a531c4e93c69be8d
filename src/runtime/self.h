/* SPDX-License-Identifier: Apache-2.0 */
/* Our own executable, put out of reach of the containers that we enter. */
#ifndef BIVY_RUNTIME_SELF_H
#define BIVY_RUNTIME_SELF_H

#include "base/error.h"

/*
 * Makes sure that this process runs from a sealed memory copy of its
 * executable (memfd_create(2), F_SEAL_WRITE): a container that reaches
 * /proc/PID/exe of ours cannot write to the file on disk (CVE-2019-5736).
 * Executes the copy and does not return, or returns 0 when already in one.
 * ARGV is the program's own. Call it first, single-threaded.
 */
int self_reexec_sealed(char **argv, struct error *err) _must_check_;

#endif
