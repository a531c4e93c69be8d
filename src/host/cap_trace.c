/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program runs behind each call
 *
 *	int cap_capable(const struct cred *, struct user_namespace *, int capability, unsigned options)
 *
 * or, where programs cannot be put behind functions, at the tracepoint in it
 * (since 6.14), which does not tell the options. In words: if the answer was 0
 * (granted), the question one that is audited, as far as that is told, the
 * current task has a filter and is one of the namespace's, the capability's bit
 * is set.
 */
#include "host/cap_trace.h"
#include "base/file.h"
#include "host/btf.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#define DESCRIPTION "/sys/kernel/btf/vmlinux"
#define OPTION_NOAUDIT 2 /* CAP_OPT_NOAUDIT of include/linux/security.h */
#define KERNEL_MINOR_BITS 20 /* MINORBITS of include/linux/kdev_t.h */

/* A place where the kernel runs programs, and what they find in their context there, in bytes. */
struct place {
	enum btf_kind kind;
	const char *name;
	enum bpf_attach_type type;
	int16_t capability, answer;
	int16_t options; /* 0: not told */
};

static const struct place places[] = {
	{ BTF_FUNCTION, "cap_capable", BPF_TRACE_FEXIT, 2 * 8, 4 * 8, 3 * 8 },
	{ BTF_TYPEDEF, "btf_trace_cap_capable", BPF_TRACE_RAW_TP, 3 * 8, 4 * 8, 0 },
};

struct facts {
	uint32_t ids[ARRAY_SIZE(places)]; /* of the places; 0: this kernel has it not */
	uint32_t mode_offset; /* of task_struct.seccomp.mode */
	uint64_t namespace_device, namespace_inode;
	int map;
};

static int call_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, command, attr, sizeof *attr);

	return r < 0 ? -errno : r;
}

/* ---- what the kernel is like -------------------------------------------------------------- */

static int read_facts(const struct stat *namespace_status, struct facts *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint32_t filter = 0, mode = 0;
	int r = file_read_at(AT_FDCWD, DESCRIPTION, BTF_LIMIT, &text);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
		r = btf_find(text.data, text.length, places[i].kind, places[i].name, &ret->ids[i]);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		r = btf_find_member(text.data, text.length, "task_struct", "seccomp", &filter);
	if (r == 0)
		r = btf_find_member(text.data, text.length, "seccomp", "mode", &mode);
	if (r < 0)
		return r;
	ret->mode_offset = filter + mode;
	/* The kernel's own form of a device number, which stat(2) shows otherwise. */
	ret->namespace_device = (uint64_t)major(namespace_status->st_dev) << KERNEL_MINOR_BITS | minor(namespace_status->st_dev);
	ret->namespace_inode = namespace_status->st_ino;
	return 0;
}

/* ---- the program -------------------------------------------------------------------------------- */

#define INSTRUCTION_LIMIT 40

struct program {
	struct bpf_insn code[INSTRUCTION_LIMIT];
	size_t count;
};

static void emit(struct program *program, uint8_t code, unsigned destination, unsigned source, int16_t offset, int32_t immediate)
{
	program->code[program->count++] = (struct bpf_insn){ .code = code, .dst_reg = destination & 15, .src_reg = source & 15, .off = offset, .imm = immediate };
}

/* Sixty-four bits take two. SOURCE says what they are: 0 a number, BPF_PSEUDO_MAP_VALUE a place in a map. */
static void emit_wide(struct program *program, unsigned destination, unsigned source, uint32_t low, uint32_t high)
{
	emit(program, BPF_LD | BPF_DW | BPF_IMM, destination, source, 0, (int32_t)low);
	emit(program, 0, 0, 0, 0, (int32_t)high);
}

static void emit_number(struct program *program, unsigned destination, uint64_t number)
{
	emit_wide(program, destination, 0, (uint32_t)number, (uint32_t)(number >> 32));
}

/* Jumps out of the program's work are marked with this distance until the end is known. */
#define TO_THE_END INT16_MAX

static void emit_work(struct program *program, const struct place *place, const struct facts *facts)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
	emit(program, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_6, place->answer, 0);
	emit(program, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_1, 0, TO_THE_END, 0);
	if (place->options) {
		emit(program, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_6, place->options, 0);
		emit(program, BPF_JMP32 | BPF_JSET | BPF_K, BPF_REG_1, 0, TO_THE_END, OPTION_NOAUDIT);
	}
	emit(program, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_task_btf);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_0, (int16_t)facts->mode_offset, 0);
	emit(program, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_1, 0, TO_THE_END, SECCOMP_MODE_FILTER);
	emit_number(program, BPF_REG_1, facts->namespace_device);
	emit_number(program, BPF_REG_2, facts->namespace_inode);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0);
	emit(program, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -8);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 8);
	emit(program, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_ns_current_pid_tgid);
	emit(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, TO_THE_END, 0);
	emit(program, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_6, place->capability, 0);
	emit(program, BPF_JMP32 | BPF_JGT | BPF_K, BPF_REG_2, 0, TO_THE_END, 63);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1);
	emit(program, BPF_ALU64 | BPF_LSH | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	emit_wide(program, BPF_REG_3, BPF_PSEUDO_MAP_VALUE, (uint32_t)facts->map, 0);
	emit(program, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_3, BPF_REG_1, 0, BPF_OR);
}

static void make_program(struct program *program, const struct place *place, const struct facts *facts)
{
	emit_work(program, place, facts);
	for (size_t i = 0; i < program->count; i++)
		if (program->code[i].off == TO_THE_END)
			program->code[i].off = (int16_t)(program->count - i - 1);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* ---- bpf(2) ---------------------------------------------------------------------------------------- */

static int make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = 1;
	attr.map_flags = BPF_F_MMAPABLE;
	memcpy(attr.map_name, "bivy_caps", sizeof "bivy_caps");
	return call_bpf(BPF_MAP_CREATE, &attr);
}

static int load(const struct program *program, const struct place *place, uint32_t id)
{
	/* The functions that it calls are for such programs alone; of these instructions there is nothing to keep from anybody. */
	static const char license[] = "Dual BSD/GPL";
	union bpf_attr attr;
	int fd = -EAGAIN;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = place->type;
	attr.attach_btf_id = id;
	attr.insns = (uintptr_t)program->code;
	attr.insn_cnt = (uint32_t)program->count;
	attr.license = (uintptr_t)license;
	memcpy(attr.prog_name, "bivy_caps", sizeof "bivy_caps");
	/* The verifier gives up with EAGAIN when a signal is pending. */
	for (int i = 0; i < 5 && fd == -EAGAIN; i++)
		fd = call_bpf(BPF_PROG_LOAD, &attr);
	return fd;
}

static int attach(int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	return call_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

/* The link, or -errno. */
static int trace_at(const struct place *place, uint32_t id, const struct facts *facts)
{
	struct program program = { .count = 0 };
	_cleanup_close_ int fd = -EBADF;

	make_program(&program, place, facts);
	fd = load(&program, place, id);
	return fd < 0 ? fd : attach(fd);
}

static int trace(const struct facts *facts)
{
	int r = -EOPNOTSUPP;

	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(places); i++)
		if (facts->ids[i])
			r = trace_at(&places[i], facts->ids[i], facts);
	return r;
}

int cap_trace_start(const struct stat *namespace_status, struct cap_trace *ret)
{
	struct facts facts = { .map = -EBADF };
	_cleanup_close_ int map = -EBADF, link = -EBADF;
	void *seen;
	int r = read_facts(namespace_status, &facts);

	if (r < 0)
		return r;
	if (facts.mode_offset > INT16_MAX)
		return -EOPNOTSUPP;
	map = facts.map = make_map();
	if (map < 0)
		return map;
	link = trace(&facts);
	if (link < 0)
		return link;
	seen = mmap(NULL, sizeof *ret->seen, PROT_READ, MAP_SHARED, map, 0);
	if (seen == MAP_FAILED)
		return -errno;
	*ret = (struct cap_trace){ .link = TAKE_FD(link), .seen = seen };
	return 0;
}

uint64_t cap_trace_seen(const struct cap_trace *trace)
{
	return trace->seen ? __atomic_load_n(trace->seen, __ATOMIC_RELAXED) : 0;
}

void cap_trace_done(struct cap_trace *trace)
{
	close_and_forget(&trace->link);
	if (trace->seen)
		munmap((void *)trace->seen, sizeof *trace->seen);
	*trace = CAP_TRACE_NONE;
}
