/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp filters: a policy in names and conditions, the classic BPF program
 * made of it, and seccomp(2). What the program answers:
 *
 *   - Each architecture listed, and always the native one, is decided by its
 *     own numbers; a call of another architecture kills the thread. x32 shares
 *     the number of x86-64's architecture and is one of its own here.
 *   - A rule without conditions beats those with, the earlier beats the later;
 *     those with conditions are tried in the order of host/seccomp_order.h,
 *     roughly the more particular first. A rule whose action is the default
 *     one is none. Conditions of a rule must
 *     all hold; where two are about the same argument, the rule stands for one
 *     rule per condition. So do libseccomp and its users.
 *   - Conditions compare 64 bits, unsigned; on 32-bit architectures, which x32
 *     counts as, the lower halves of both sides.
 *   - Where the calls of sockets (or of System V IPC) can also be made through
 *     one number, socketcall (ipc), a rule for `connect` is also one for
 *     socketcall with 3 as its first argument. That hides the arguments: if the
 *     rule has conditions it then counts without them if it is stricter than
 *     the default action, and not at all otherwise.
 *   - Unless the default action lets calls through (allow, log, trace), a number
 *     above the highest that any name of the policy has on that architecture
 *     answers ENOSYS: the policy was written before it existed, and programs
 *     know how to do without it.
 *   - A name that no system call of the architecture has is passed over there.
 */
#ifndef BIVY_HOST_SECCOMP_H
#define BIVY_HOST_SECCOMP_H

#include "base/error.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seccomp_comparison {
	SECCOMP_IS_NE,
	SECCOMP_IS_LT,
	SECCOMP_IS_LE,
	SECCOMP_IS_EQ,
	SECCOMP_IS_GE,
	SECCOMP_IS_GT,
	SECCOMP_IS_MASKED_EQ, /* (argument & mask) == (value & mask) */
};

struct seccomp_condition {
	unsigned argument; /* 0..5 */
	enum seccomp_comparison comparison;
	uint64_t value;
	uint64_t mask; /* of MASKED_EQ only */
};

struct seccomp_rule {
	char *const *names; /* NULL-terminated */
	uint32_t action;    /* SECCOMP_RET_*, with its data */
	const struct seccomp_condition *conditions;
	size_t condition_count;
};

struct seccomp_policy {
	uint32_t default_action;
	const uint32_t *architectures; /* AUDIT_ARCH_*, SECCOMP_ARCH_X32; the native one needs no mention */
	size_t architecture_count;
	const struct seccomp_rule *rules;
	size_t rule_count;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
};

struct seccomp_program {
	struct sock_filter *filter;
	unsigned short length;
	uint32_t flags;  /* for seccomp(2), SECCOMP_FILTER_FLAG_NEW_LISTENER apart */
	bool has_notify; /* some rule asks a listener */
};

/*
 * Compiles POLICY. Release with seccomp_program_done(). -EINVAL for a condition
 * or architecture that does not exist, -E2BIG if the program needs more than
 * the kernel's 4096 instructions.
 */
int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *ret) _must_check_;
void seccomp_program_done(struct seccomp_program *program);

/*
 * Puts the filter on the calling thread, for good; needs no_new_privs or
 * CAP_SYS_ADMIN. RET_LISTENER, if not NULL, gets the descriptor (CLOEXEC) that
 * the calls which ask are read from; without one such calls answer ENOSYS.
 * Returns 0 or -errno, makes one system call, allocates nothing.
 */
int seccomp_attach(const struct seccomp_program *program, int *ret_listener) _must_check_;

/* seccomp_attach without a listener, in words: the last step before an exec. */
int seccomp_install(const struct seccomp_program *program, struct error *err) _must_check_;

/* Whether the running kernel knows the action SECCOMP_RET_*, and the one flag SECCOMP_FILTER_FLAG_*. */
bool seccomp_has_action(uint32_t action);
bool seccomp_has_flag(uint32_t flag);

#endif
