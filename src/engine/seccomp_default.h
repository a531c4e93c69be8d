/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a container may make when nobody says otherwise: a list
 * of those that programs need and that act on what is the container's own. What
 * is known and refused answers EPERM. What the list does not know, being newer,
 * answers ENOSYS, and so do a few that programs do without.
 */
#ifndef BIVY_ENGINE_SECCOMP_DEFAULT_H
#define BIVY_ENGINE_SECCOMP_DEFAULT_H

#include "spec/config.h"

/* For a container whose processes can have the capabilities of the mask. In the arena. */
struct spec_seccomp *seccomp_default(struct arena *arena, uint64_t capabilities);

/*
 * Has calls that give files to others, or take groups, succeed without doing
 * anything: for a container in which there is nobody but one, and whose
 * programs should not end over that.
 */
void seccomp_pretend_owners(struct arena *arena, struct spec_seccomp *seccomp);

enum seccomp_verdict {
	SECCOMP_UNKNOWN,     /* no list has it: ENOSYS */
	SECCOMP_MISSING,     /* ENOSYS on purpose */
	SECCOMP_REFUSED,     /* EPERM */
	SECCOMP_ALLOWED,
	SECCOMP_CONDITIONAL, /* its arguments decide */
};

/* What becomes of the system call NAME then. */
enum seccomp_verdict seccomp_default_verdict(const char *name, uint64_t capabilities);

#endif
