/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles as people write them for Docker and Podman: linux.seccomp
 * with more beside: rules that hold only with or without certain capabilities,
 * on certain machines or from some kernel on ("includes", "excludes"), and the
 * architectures by machine ("archMap"). A plain linux.seccomp is one, too.
 */
#ifndef BIVY_SPEC_SECCOMP_PROFILE_H
#define BIVY_SPEC_SECCOMP_PROFILE_H

#include "base/error.h"
#include "spec/config.h"

#define SPEC_SECCOMP_PROFILE_LIMIT (4u << 20) /* bytes */

/* What the conditions are about. */
struct spec_seccomp_facts {
	uint64_t capabilities;    /* bit N: that the container can have */
	const char *machine;      /* Go's word: "amd64" */
	const char *architecture; /* libseccomp's: "SCMP_ARCH_X86_64" */
	unsigned kernel_major, kernel_minor;
};

/* The rules that hold, in the arena. */
int spec_seccomp_profile_decode(struct arena *arena, const char *text, size_t length, const struct spec_seccomp_facts *facts,
	struct spec_seccomp **ret, struct error *err) _must_check_;

#endif
