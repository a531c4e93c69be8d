/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper gives up before there is a process of the container: from
 * then on it reads what that writes and what clients send, and has
 *
 *   - no capabilities, and no way to any (no_new_privs);
 *   - of all files the directory of its log, and to read, that of the bundle
 *     (Landlock, where the kernel has it);
 *   - no system calls but those of confinement_rules: with the descriptors that
 *     it has or is sent, nothing that opens a way to other processes, networks or
 *     file systems, and nothing by which processes or programs are started.
 *
 * The container and what is executed in it inherit none of that: they are the
 * maker's children. What a keeper can do that somebody has taken over: what
 * deed.h says, for this one container.
 */
#ifndef BIVY_SUPERVISOR_CONFINEMENT_H
#define BIVY_SUPERVISOR_CONFINEMENT_H

#include "host/seccomp.h"
#include "supervisor/keeper.h"

#define CONFINEMENT_RULES 4

/* For good. Its log is open already. What this kernel cannot do is left out, with a line to the log. */
void confinement_enter(const struct keeper *keeper);

/* What is allowed; all else answers ENOSYS. */
extern const struct seccomp_rule confinement_rules[CONFINEMENT_RULES];

#endif
