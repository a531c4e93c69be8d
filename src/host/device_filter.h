/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules of a cgroup2 group: a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE,
 * 4.15) compiled from a list, loaded and attached by bpf(2) itself. Needs
 * CAP_BPF or CAP_SYS_ADMIN in the first user namespace.
 */
#ifndef BIVY_HOST_DEVICE_FILTER_H
#define BIVY_HOST_DEVICE_FILTER_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum device_access { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MAKE = 4, DEVICE_ACCESS_ALL = 7 };
#define DEVICE_WILDCARD (-1)

struct device_rule {
	bool allow;
	char type;            /* 'a' (both), 'b' or 'c' */
	int64_t major, minor; /* or DEVICE_WILDCARD */
	uint8_t access;       /* enum device_access bits, at least one */
};

/* struct bpf_insn of linux/bpf.h */
struct device_instruction {
	uint8_t code;
	uint8_t registers; /* destination, source << 4 */
	int16_t offset;
	int32_t immediate;
};

/*
 * A program that answers 1 (allowed) or 0. For each kind of access that is
 * asked for, the last rule that matches counts; without one, it is denied.
 * free() it. -E2BIG above 10000 rules.
 */
int device_filter_compile(const struct device_rule *rules, size_t count, struct device_instruction **ret, size_t *ret_count) _must_check_;

/*
 * Loads the program and attaches it to the group, in place of any that is
 * attached to this very group: there is no moment without one.
 */
int device_filter_attach(int cgroup_fd, const struct device_instruction *program, size_t count) _must_check_;

#endif
