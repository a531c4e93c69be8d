/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of runtime-spec, config.md "POSIX-platform Hooks". */
#ifndef BIVY_RUNTIME_HOOKS_H
#define BIVY_RUNTIME_HOOKS_H

#include "base/error.h"
#include "spec/config.h"
#include "spec/state.h"

struct seccomp_program; /* host/seccomp.h */

/* The spec's name of a kind: "createRuntime". */
const char *hooks_kind_name(enum spec_hook_kind kind);

/*
 * Runs the hooks of KIND one after the other, each with *STATE as JSON on its
 * standard input and killed after its timeout. Without an environment of its
 * own it has the caller's, as with runc and crun: hooks need a PATH.
 * Stops at the first that fails (does not start, exits non-zero, is killed or
 * times out) and names it. Runs in the caller's namespaces. FILTER, or NULL, is
 * put on them: startContainer's come from the container and get no more calls
 * than it has.
 */
int hooks_run(const struct spec_config *config, enum spec_hook_kind kind, const struct spec_oci_state *state,
	const struct seccomp_program *filter, struct error *err) _must_check_;

/* As hooks_run, but a failure is only logged and the others still run (poststop). */
void hooks_run_all(const struct spec_config *config, enum spec_hook_kind kind, const struct spec_oci_state *state);

#endif
