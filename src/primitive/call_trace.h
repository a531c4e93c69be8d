/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a command and all that it starts make, counted: a
 * filter lets each ask first (seccomp_unotify(2)), and it is let through. Takes
 * no privilege; without CAP_SYS_ADMIN programs gain none by set-user-ID, as
 * filters demand. What a call answers cannot be seen.
 */
#ifndef BIVY_PRIMITIVE_CALL_TRACE_H
#define BIVY_PRIMITIVE_CALL_TRACE_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>

struct call_count {
	const char *name;         /* "openat", or "#1000" for a number without a name */
	const char *architecture; /* libseccomp's word: "SCMP_ARCH_X86_64"; NULL: none that is known */
	uint64_t count;
};

struct call_trace {
	struct call_count *calls; /* the most frequent first; none of count 0 */
	size_t count;
	uint64_t total;
};

/*
 * Runs ARGS until the last of its processes has ended; its own status in
 * *RET_STATUS, 128 and more for a signal. All in the arena. From a process with a single
 * thread. 126 and 127 of a command that cannot be executed.
 */
int call_trace_run(struct arena *arena, char *const *args, struct call_trace *ret, int *ret_status, struct error *err) _must_check_;

/* Adds a filter as Docker's profiles are: those calls alone are allowed, others answer EPERM. Pure. */
void call_trace_add_profile(const struct call_trace *trace, struct buf *out);

/* Replaces the file PATH with TEXT. */
int call_trace_write(const char *path, const struct buf *text, struct error *err) _must_check_;

#endif
