/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program walks the rules from the last to the first and strikes out the
 * kinds of access that a rule has decided; when none is left it is allowed, and
 * the first denial of one that is still open ends it. Registers:
 *
 *   r2 type (1 block, 2 character)   r4 major
 *   r3 access still undecided        r5 minor
 */
#include "host/device_filter.h"

#include "base/memory.h"
#include "host/syscalls.h"

#include <linux/bpf.h>
#include <string.h>

#define RULE_LIMIT 10000
#define RULE_INSTRUCTIONS 7 /* at most, for one rule */
#define ATTACHED_LIMIT 64   /* BPF_CGROUP_MAX_PROGS of the kernel */

enum { R_VERDICT = 0, R_CONTEXT = 1, R_TYPE = 2, R_ACCESS = 3, R_MAJOR = 4, R_MINOR = 5 };

struct program {
	struct device_instruction *code;
	size_t count;
};

static void emit(struct program *program, uint8_t code, unsigned destination, int16_t offset, int32_t immediate)
{
	program->code[program->count++] = (struct device_instruction){ .code = code, .registers = (uint8_t)destination, .offset = offset, .immediate = immediate };
}

static void emit_load(struct program *program, unsigned destination, size_t offset)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_W, destination | R_CONTEXT << 4, (int16_t)offset, 0);
}

static void emit_verdict(struct program *program, bool allow)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, R_VERDICT, 0, allow);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* The kernel's bits for ours (BPF_DEVCG_ACC_*). */
static int32_t kernel_access(uint8_t access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) | (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
	       (access & DEVICE_MAKE ? BPF_DEVCG_ACC_MKNOD : 0);
}

static bool matches_all(const struct device_rule *rule)
{
	return rule->type == 'a' && rule->major == DEVICE_WILDCARD && rule->minor == DEVICE_WILDCARD && rule->access == DEVICE_ACCESS_ALL;
}

/* Jumps that leave the rule get their distance at its end. */
static void emit_rule(struct program *program, const struct device_rule *rule)
{
	size_t start = program->count, conditions;
	int32_t access = kernel_access(rule->access);

	/* 32-bit comparisons (5.1): a 64-bit one would extend the sign of the number. */
	if (rule->type != 'a')
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, R_TYPE, 0, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major != DEVICE_WILDCARD)
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, R_MAJOR, 0, (int32_t)(uint32_t)rule->major);
	if (rule->minor != DEVICE_WILDCARD)
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, R_MINOR, 0, (int32_t)(uint32_t)rule->minor);
	conditions = program->count;
	if (rule->allow) {
		emit(program, BPF_ALU64 | BPF_AND | BPF_K, R_ACCESS, 0, kernel_access(DEVICE_ACCESS_ALL) & ~access);
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, R_ACCESS, 2, 0);
	} else {
		emit(program, BPF_JMP32 | BPF_JSET | BPF_K, R_ACCESS, 1, access);
		emit(program, BPF_JMP | BPF_JA, 0, 2, 0);
	}
	emit_verdict(program, rule->allow);
	for (size_t i = start; i < conditions; i++)
		program->code[i].offset = (int16_t)(program->count - i - 1);
}

static bool is_valid(const struct device_rule *rule)
{
	return strchr("abc", rule->type) && rule->type && rule->access && rule->access <= DEVICE_ACCESS_ALL && rule->major >= DEVICE_WILDCARD &&
	       rule->major <= UINT32_MAX && rule->minor >= DEVICE_WILDCARD && rule->minor <= UINT32_MAX;
}

int device_filter_compile(const struct device_rule *rules, size_t count, struct device_instruction **ret, size_t *ret_count)
{
	struct program program = { 0 };
	bool is_complete = false;

	if (count > RULE_LIMIT)
		return -E2BIG;
	for (size_t i = 0; i < count; i++)
		if (!is_valid(&rules[i]))
			return -EINVAL;

	program.code = memory_new(count * RULE_INSTRUCTIONS + 8, sizeof *program.code);
	emit_load(&program, R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&program, BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0xffff);
	emit_load(&program, R_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&program, BPF_ALU64 | BPF_RSH | BPF_K, R_ACCESS, 0, 16);
	emit_load(&program, R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&program, R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = count; i-- > 0 && !is_complete;) {
		is_complete = matches_all(&rules[i]); /* nothing before it counts */
		if (is_complete)
			emit_verdict(&program, rules[i].allow);
		else
			emit_rule(&program, &rules[i]);
	}
	if (!is_complete)
		emit_verdict(&program, false);
	*ret = program.code;
	*ret_count = program.count;
	return 0;
}

/* ---- bpf(2) ------------------------------------------------------------------- */

static int call_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, command, attr, sizeof *attr);

	return r < 0 ? -errno : r;
}

static int load_program(const struct device_instruction *code, size_t count)
{
	static const char license[] = "Apache-2.0";
	union bpf_attr attr;
	int fd = -EAGAIN;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uintptr_t)license;
	memcpy(attr.prog_name, "bivy_devices", sizeof "bivy_devices");
	/* The verifier gives up with EAGAIN when a signal is pending. */
	for (int i = 0; i < 5 && fd == -EAGAIN; i++)
		fd = call_bpf(BPF_PROG_LOAD, &attr);
	return fd; /* the kernel makes it close on exec */
}

/* The ids of the programs attached to the group itself. */
static int query_attached(int cgroup_fd, uint32_t *ids, uint32_t *ret_count)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof attr);
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_LIMIT;
	r = call_bpf(BPF_PROG_QUERY, &attr);
	*ret_count = r < 0 ? 0 : attr.query.prog_cnt;
	return r;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_id = id;
	return call_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

/* REPLACED: the program to take the place of, or -1 to join those that are there. */
static int attach_program(int cgroup_fd, int program, int replaced)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return call_bpf(BPF_PROG_ATTACH, &attr);
}

static int detach_program(int cgroup_fd, int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return call_bpf(BPF_PROG_DETACH, &attr);
}

int device_filter_attach(int cgroup_fd, const struct device_instruction *program, size_t count)
{
	_cleanup_close_ int fd = load_program(program, count);
	uint32_t ids[ATTACHED_LIMIT], attached = 0;
	bool is_in_place = false;
	int r;

	if (fd < 0)
		return fd;
	r = query_attached(cgroup_fd, ids, &attached);
	if (r < 0)
		return r;
	/* All that are attached must agree, so joining first leaves no gap. */
	for (uint32_t i = 0; i < attached; i++) {
		_cleanup_close_ int old = open_program(ids[i]);

		if (old < 0)
			return old;
		if (is_in_place) {
			r = detach_program(cgroup_fd, old);
		} else {
			r = attach_program(cgroup_fd, fd, old);
			is_in_place = r >= 0;
		}
		if (r < 0)
			return r;
	}
	if (!is_in_place)
		r = attach_program(cgroup_fd, fd, -1);
	return r < 0 ? r : 0;
}
