/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of runtime-spec's enumerations and the kernel's values for them:
 * one table per enumeration, read by the decoder and listed by `features`.
 */
#ifndef BIVY_SPEC_NAMES_H
#define BIVY_SPEC_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spec_names {
	SPEC_CAPABILITIES,        /* "CAP_CHOWN" -> its bit number, capabilities(7) */
	SPEC_NAMESPACES,          /* "pid" -> CLONE_NEW* */
	SPEC_RLIMITS,             /* "RLIMIT_NOFILE" -> RLIMIT_* */
	SPEC_SCHEDULER_POLICIES,  /* "SCHED_OTHER" -> SCHED_*, sched(7) */
	SPEC_SCHEDULER_FLAGS,     /* "SCHED_FLAG_RECLAIM" -> its bit, sched_setattr(2) */
	SPEC_IO_CLASSES,          /* "IOPRIO_CLASS_BE" -> ioprio_set(2) */
	SPEC_HOOKS,               /* "prestart" -> enum spec_hook_kind */
	SPEC_PROPAGATIONS,        /* "rprivate" -> MS_PRIVATE | MS_REC; mount(2) */
	SPEC_PERSONALITIES,       /* "LINUX32" -> PER_*, personality(2) */
	SPEC_MEMORY_MODES,        /* "MPOL_BIND" -> set_mempolicy(2) */
	SPEC_MEMORY_FLAGS,        /* "MPOL_F_STATIC_NODES" -> its bit */
	SPEC_SECCOMP_ACTIONS,     /* "SCMP_ACT_ERRNO" -> enum spec_seccomp_action; two names for KILL_THREAD */
	SPEC_SECCOMP_OPERATORS,   /* "SCMP_CMP_EQ" -> enum spec_seccomp_op */
	SPEC_SECCOMP_ARCHITECTURES, /* "SCMP_ARCH_X86_64" -> AUDIT_ARCH_*, or SPEC_ARCH_X32 */
	SPEC_SECCOMP_FLAGS,       /* "SECCOMP_FILTER_FLAG_LOG" -> its bit, seccomp(2) */
	SPEC_NAMES_COUNT,
};

/* The value of the word TEXT of LENGTH bytes; false if the enumeration has no such word. Case matters. */
bool spec_name_value(enum spec_names set, const char *text, size_t length, uint32_t *ret);

/* The word number INDEX, NULL behind the last; *RET_VALUE, which may be NULL, gets what it stands for. */
const char *spec_name_at(enum spec_names set, size_t index, uint32_t *ret_value);

/* The (first) word for VALUE, or NULL. */
const char *spec_name_of(enum spec_names set, uint32_t value);

/* What a word of the enumeration is called in messages: "capability". */
const char *spec_name_kind(enum spec_names set);

/* The word most like TEXT, or NULL if none is near enough to be meant. */
const char *spec_name_nearest(enum spec_names set, const char *text);

#endif
