/* SPDX-License-Identifier: Apache-2.0 */
/* What a program gives up before it reads the bytes of strangers. */
#ifndef BIVY_SERVER_NOBODY_H
#define BIVY_SERVER_NOBODY_H

#include "host/seccomp.h"

/*
 * No privileges to gain, no file (landlock(7), where the kernel has it), no
 * system calls but nobody_calls; and of root: no place in the file system, no
 * capabilities, nobody's ids. What is open stays open. Dies with its parent, if
 * PR_SET_PDEATHSIG was set before, as before. For a process without threads.
 */
int nobody_become(struct error *err) _must_check_;

/* What is allowed then; others answer ENOSYS. */
extern const struct seccomp_rule nobody_calls;

#endif
