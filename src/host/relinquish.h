/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up, for good, and for all that it starts. Each is a
 * mechanism of its own; what a program can do without is known to the program.
 * Files are host/landlock.h's. The order matters: capabilities first, as some of
 * what follows takes one, then privileges, files, and calls, which take away
 * the calls of the others.
 */
#ifndef BIVY_HOST_RELINQUISH_H
#define BIVY_HOST_RELINQUISH_H

#include "host/seccomp.h"

/* Sanitizers do things of their own, with as much memory as there is. */
#if defined(__SANITIZE_ADDRESS__)
#define RELINQUISH_IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RELINQUISH_IS_SANITIZED true
#endif
#endif
#ifndef RELINQUISH_IS_SANITIZED
#define RELINQUISH_IS_SANITIZED false
#endif

/* Sets, bounding and ambient set: no more than KEEP is left of any. -errno. */
int relinquish_capabilities(uint64_t keep) _must_check_;

/* Programs that are executed give no more privileges than there are (no_new_privs). -errno. */
int relinquish_privileges(void) _must_check_;

/*
 * All calls but those that RULES allow, COUNT of them: they answer ENOSYS, as
 * of a kernel that has them not, and libraries know how to do without. What
 * sanitizers need is not known: in programs with them it is as
 * relinquish_host_calls(). Takes no_new_privs or CAP_SYS_ADMIN; -errno.
 */
int relinquish_calls(const struct seccomp_rule *rules, size_t count) _must_check_;

/* The same, but whoever makes another call is ended (SIGSYS): for programs that have no libraries but ours. */
int relinquish_calls_strictly(const struct seccomp_rule *rules, size_t count) _must_check_;

/* The calls by which a host is run: mounts, namespaces, modules, memory of others, clocks. They answer EPERM. Likewise. */
int relinquish_host_calls(void) _must_check_;

#endif
