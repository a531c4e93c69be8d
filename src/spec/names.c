/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables hold their text in themselves: a pointer per word would be
 * relocated at every start of a position-independent program, which costs a
 * copied page for tables that most runs do not read.
 */
#include "spec/names.h"
#include "base/cleanup.h"
#include "spec/config.h"

#include <sched.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define NAME_BYTES 43

struct name {
	uint32_t value;
	uint8_t length;
	char text[NAME_BYTES];
};

#define NAME(text_, value_) { .value = (value_), .length = sizeof(text_) - 1, .text = (text_) }

static const struct name capabilities[] = {
	NAME("CAP_CHOWN", 0),
	NAME("CAP_DAC_OVERRIDE", 1),
	NAME("CAP_DAC_READ_SEARCH", 2),
	NAME("CAP_FOWNER", 3),
	NAME("CAP_FSETID", 4),
	NAME("CAP_KILL", 5),
	NAME("CAP_SETGID", 6),
	NAME("CAP_SETUID", 7),
	NAME("CAP_SETPCAP", 8),
	NAME("CAP_LINUX_IMMUTABLE", 9),
	NAME("CAP_NET_BIND_SERVICE", 10),
	NAME("CAP_NET_BROADCAST", 11),
	NAME("CAP_NET_ADMIN", 12),
	NAME("CAP_NET_RAW", 13),
	NAME("CAP_IPC_LOCK", 14),
	NAME("CAP_IPC_OWNER", 15),
	NAME("CAP_SYS_MODULE", 16),
	NAME("CAP_SYS_RAWIO", 17),
	NAME("CAP_SYS_CHROOT", 18),
	NAME("CAP_SYS_PTRACE", 19),
	NAME("CAP_SYS_PACCT", 20),
	NAME("CAP_SYS_ADMIN", 21),
	NAME("CAP_SYS_BOOT", 22),
	NAME("CAP_SYS_NICE", 23),
	NAME("CAP_SYS_RESOURCE", 24),
	NAME("CAP_SYS_TIME", 25),
	NAME("CAP_SYS_TTY_CONFIG", 26),
	NAME("CAP_MKNOD", 27),
	NAME("CAP_LEASE", 28),
	NAME("CAP_AUDIT_WRITE", 29),
	NAME("CAP_AUDIT_CONTROL", 30),
	NAME("CAP_SETFCAP", 31),
	NAME("CAP_MAC_OVERRIDE", 32),
	NAME("CAP_MAC_ADMIN", 33),
	NAME("CAP_SYSLOG", 34),
	NAME("CAP_WAKE_ALARM", 35),
	NAME("CAP_BLOCK_SUSPEND", 36),
	NAME("CAP_AUDIT_READ", 37),
	NAME("CAP_PERFMON", 38),
	NAME("CAP_BPF", 39),
	NAME("CAP_CHECKPOINT_RESTORE", 40),
};

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

static const struct name namespaces[] = {
	NAME("cgroup", CLONE_NEWCGROUP),
	NAME("ipc", CLONE_NEWIPC),
	NAME("mount", CLONE_NEWNS),
	NAME("network", CLONE_NEWNET),
	NAME("pid", CLONE_NEWPID),
	NAME("time", CLONE_NEWTIME),
	NAME("user", CLONE_NEWUSER),
	NAME("uts", CLONE_NEWUTS),
};

static const struct name rlimits[] = {
	NAME("RLIMIT_AS", RLIMIT_AS),
	NAME("RLIMIT_CORE", RLIMIT_CORE),
	NAME("RLIMIT_CPU", RLIMIT_CPU),
	NAME("RLIMIT_DATA", RLIMIT_DATA),
	NAME("RLIMIT_FSIZE", RLIMIT_FSIZE),
	NAME("RLIMIT_LOCKS", RLIMIT_LOCKS),
	NAME("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK),
	NAME("RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE),
	NAME("RLIMIT_NICE", RLIMIT_NICE),
	NAME("RLIMIT_NOFILE", RLIMIT_NOFILE),
	NAME("RLIMIT_NPROC", RLIMIT_NPROC),
	NAME("RLIMIT_RSS", RLIMIT_RSS),
	NAME("RLIMIT_RTPRIO", RLIMIT_RTPRIO),
	NAME("RLIMIT_RTTIME", RLIMIT_RTTIME),
	NAME("RLIMIT_SIGPENDING", RLIMIT_SIGPENDING),
	NAME("RLIMIT_STACK", RLIMIT_STACK),
};

/* Numbers, because the C libraries declare different parts of them; sched(7), <linux/sched.h>. */
static const struct name scheduler_policies[] = {
	NAME("SCHED_OTHER", SPEC_SCHED_OTHER),
	NAME("SCHED_FIFO", SPEC_SCHED_FIFO),
	NAME("SCHED_RR", SPEC_SCHED_RR),
	NAME("SCHED_BATCH", SPEC_SCHED_BATCH),
	NAME("SCHED_ISO", SPEC_SCHED_ISO),
	NAME("SCHED_IDLE", SPEC_SCHED_IDLE),
	NAME("SCHED_DEADLINE", SPEC_SCHED_DEADLINE),
};

static const struct name scheduler_flags[] = {
	NAME("SCHED_FLAG_RESET_ON_FORK", 0x01),
	NAME("SCHED_FLAG_RECLAIM", 0x02),
	NAME("SCHED_FLAG_DL_OVERRUN", 0x04),
	NAME("SCHED_FLAG_KEEP_POLICY", 0x08),
	NAME("SCHED_FLAG_KEEP_PARAMS", 0x10),
	NAME("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
	NAME("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
};

static const struct name io_classes[] = {
	NAME("IOPRIO_CLASS_RT", 1),
	NAME("IOPRIO_CLASS_BE", 2),
	NAME("IOPRIO_CLASS_IDLE", 3),
};

static const struct name hooks[] = {
	NAME("prestart", HOOK_PRESTART),
	NAME("createRuntime", HOOK_CREATE_RUNTIME),
	NAME("createContainer", HOOK_CREATE_CONTAINER),
	NAME("startContainer", HOOK_START_CONTAINER),
	NAME("poststart", HOOK_POSTSTART),
	NAME("poststop", HOOK_POSTSTOP),
};

static const struct name propagations[] = {
	NAME("private", MS_PRIVATE),
	NAME("rprivate", MS_PRIVATE | MS_REC),
	NAME("rshared", MS_SHARED | MS_REC),
	NAME("rslave", MS_SLAVE | MS_REC),
	NAME("runbindable", MS_UNBINDABLE | MS_REC),
	NAME("shared", MS_SHARED),
	NAME("slave", MS_SLAVE),
	NAME("unbindable", MS_UNBINDABLE),
};

static const struct name personalities[] = {
	NAME("LINUX", 0x0000),
	NAME("LINUX32", 0x0008),
};

/* <linux/mempolicy.h>; MPOL_WEIGHTED_INTERLEAVE since 6.9. */
static const struct name memory_modes[] = {
	NAME("MPOL_DEFAULT", SPEC_MPOL_DEFAULT),
	NAME("MPOL_PREFERRED", SPEC_MPOL_PREFERRED),
	NAME("MPOL_BIND", SPEC_MPOL_BIND),
	NAME("MPOL_INTERLEAVE", SPEC_MPOL_INTERLEAVE),
	NAME("MPOL_LOCAL", SPEC_MPOL_LOCAL),
	NAME("MPOL_PREFERRED_MANY", SPEC_MPOL_PREFERRED_MANY),
	NAME("MPOL_WEIGHTED_INTERLEAVE", SPEC_MPOL_WEIGHTED_INTERLEAVE),
};

static const struct name memory_flags[] = {
	NAME("MPOL_F_STATIC_NODES", SPEC_MPOL_F_STATIC_NODES),
	NAME("MPOL_F_RELATIVE_NODES", SPEC_MPOL_F_RELATIVE_NODES),
	NAME("MPOL_F_NUMA_BALANCING", SPEC_MPOL_F_NUMA_BALANCING),
};

static const struct name seccomp_actions[] = {
	NAME("SCMP_ACT_ALLOW", SECCOMP_ACT_ALLOW),
	NAME("SCMP_ACT_ERRNO", SECCOMP_ACT_ERRNO),
	NAME("SCMP_ACT_KILL", SECCOMP_ACT_KILL_THREAD),
	NAME("SCMP_ACT_KILL_PROCESS", SECCOMP_ACT_KILL_PROCESS),
	NAME("SCMP_ACT_KILL_THREAD", SECCOMP_ACT_KILL_THREAD),
	NAME("SCMP_ACT_LOG", SECCOMP_ACT_LOG),
	NAME("SCMP_ACT_NOTIFY", SECCOMP_ACT_NOTIFY),
	NAME("SCMP_ACT_TRACE", SECCOMP_ACT_TRACE),
	NAME("SCMP_ACT_TRAP", SECCOMP_ACT_TRAP),
};

static const struct name seccomp_operators[] = {
	NAME("SCMP_CMP_EQ", SECCOMP_OP_EQ),
	NAME("SCMP_CMP_GE", SECCOMP_OP_GE),
	NAME("SCMP_CMP_GT", SECCOMP_OP_GT),
	NAME("SCMP_CMP_LE", SECCOMP_OP_LE),
	NAME("SCMP_CMP_LT", SECCOMP_OP_LT),
	NAME("SCMP_CMP_MASKED_EQ", SECCOMP_OP_MASKED_EQ),
	NAME("SCMP_CMP_NE", SECCOMP_OP_NE),
};

/*
 * AUDIT_ARCH_* of <linux/audit.h>: the ELF machine number (<linux/elf-em.h>),
 * a bit for 64-bit and a bit for little-endian. Written out, since older
 * headers lack the newer machines.
 */
#define BITS_64 0x80000000u
#define LITTLE 0x40000000u
#define MIPS_N32 0x20000000u

static const struct name seccomp_architectures[] = {
	NAME("SCMP_ARCH_AARCH64", 183 | BITS_64 | LITTLE),
	NAME("SCMP_ARCH_ARM", 40 | LITTLE),
	NAME("SCMP_ARCH_LOONGARCH64", 258 | BITS_64 | LITTLE),
	NAME("SCMP_ARCH_M68K", 4),
	NAME("SCMP_ARCH_MIPS", 8),
	NAME("SCMP_ARCH_MIPS64", 8 | BITS_64),
	NAME("SCMP_ARCH_MIPS64N32", 8 | BITS_64 | MIPS_N32),
	NAME("SCMP_ARCH_MIPSEL", 8 | LITTLE),
	NAME("SCMP_ARCH_MIPSEL64", 8 | BITS_64 | LITTLE),
	NAME("SCMP_ARCH_MIPSEL64N32", 8 | BITS_64 | LITTLE | MIPS_N32),
	NAME("SCMP_ARCH_PARISC", 15),
	NAME("SCMP_ARCH_PARISC64", 15 | BITS_64),
	NAME("SCMP_ARCH_PPC", 20),
	NAME("SCMP_ARCH_PPC64", 21 | BITS_64),
	NAME("SCMP_ARCH_PPC64LE", 21 | BITS_64 | LITTLE),
	NAME("SCMP_ARCH_RISCV64", 243 | BITS_64 | LITTLE),
	NAME("SCMP_ARCH_S390", 22),
	NAME("SCMP_ARCH_S390X", 22 | BITS_64),
	NAME("SCMP_ARCH_SH", 42 | LITTLE),
	NAME("SCMP_ARCH_SHEB", 42),
	NAME("SCMP_ARCH_X32", SPEC_ARCH_X32),
	NAME("SCMP_ARCH_X86", 3 | LITTLE),
	NAME("SCMP_ARCH_X86_64", 62 | BITS_64 | LITTLE),
};

static const struct name seccomp_flags[] = {
	NAME("SECCOMP_FILTER_FLAG_TSYNC", 0x01),
	NAME("SECCOMP_FILTER_FLAG_LOG", 0x02),
	NAME("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0x04),
	NAME("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0x20),
};

/* ---- lookups ---------------------------------------------------------------- */

struct set {
	const struct name *names;
	size_t count;
	const char *kind;
};

#define SET(table, kind_) ((struct set){ .names = (table), .count = ARRAY_SIZE(table), .kind = (kind_) })

static struct set find_set(enum spec_names set)
{
	switch (set) {
	case SPEC_CAPABILITIES:
		return SET(capabilities, "capability");
	case SPEC_NAMESPACES:
		return SET(namespaces, "namespace");
	case SPEC_RLIMITS:
		return SET(rlimits, "limit");
	case SPEC_SCHEDULER_POLICIES:
		return SET(scheduler_policies, "scheduling policy");
	case SPEC_SCHEDULER_FLAGS:
		return SET(scheduler_flags, "scheduling flag");
	case SPEC_IO_CLASSES:
		return SET(io_classes, "I/O class");
	case SPEC_HOOKS:
		return SET(hooks, "hook");
	case SPEC_PROPAGATIONS:
		return SET(propagations, "propagation");
	case SPEC_PERSONALITIES:
		return SET(personalities, "personality");
	case SPEC_MEMORY_MODES:
		return SET(memory_modes, "memory policy");
	case SPEC_MEMORY_FLAGS:
		return SET(memory_flags, "memory policy flag");
	case SPEC_SECCOMP_ACTIONS:
		return SET(seccomp_actions, "action");
	case SPEC_SECCOMP_OPERATORS:
		return SET(seccomp_operators, "operator");
	case SPEC_SECCOMP_ARCHITECTURES:
		return SET(seccomp_architectures, "architecture");
	case SPEC_SECCOMP_FLAGS:
		return SET(seccomp_flags, "filter flag");
	case SPEC_NAMES_COUNT:
		break;
	}
	return (struct set){ .kind = "name" };
}

bool spec_name_value(enum spec_names set, const char *text, size_t length, uint32_t *ret)
{
	struct set found = find_set(set);

	for (const struct name *name = found.names; name < found.names + found.count; name++) {
		/* Words of one set begin alike ("CAP_"), so the length tells more than the first byte. */
		if (name->length == length && memcmp(name->text, text, length) == 0) {
			*ret = name->value;
			return true;
		}
	}
	return false;
}

const char *spec_name_at(enum spec_names set, size_t index, uint32_t *ret_value)
{
	struct set found = find_set(set);

	if (index >= found.count)
		return NULL;
	if (ret_value)
		*ret_value = found.names[index].value;
	return found.names[index].text;
}

const char *spec_name_of(enum spec_names set, uint32_t value)
{
	struct set found = find_set(set);

	for (size_t i = 0; i < found.count; i++)
		if (found.names[i].value == value)
			return found.names[i].text;
	return NULL;
}

const char *spec_name_kind(enum spec_names set)
{
	return find_set(set).kind;
}

/* Levenshtein's distance, without regard to case; A must be shorter than NAME_BYTES. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_BYTES], length = strlen(a);

	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t j = 1; *b; b++, j++) {
		size_t diagonal = row[0];

		row[0] = j;
		for (size_t i = 1; i <= length; i++) {
			size_t change = diagonal + (strncasecmp(a + i - 1, b, 1) != 0);
			size_t insert = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;

			diagonal = row[i];
			row[i] = change < insert ? change : insert;
		}
	}
	return row[length];
}

const char *spec_name_nearest(enum spec_names set, const char *text)
{
	struct set found = find_set(set);
	const char *nearest = NULL;
	size_t length = strlen(text), best;

	if (length >= NAME_BYTES)
		return NULL;
	best = length / 3 + 2; /* more changes than that are another word */
	for (size_t i = 0; i < found.count; i++) {
		size_t distance = edit_distance(text, found.names[i].text);

		if (distance < best) {
			best = distance;
			nearest = found.names[i].text;
		}
	}
	if (!nearest) /* abbreviations: "net", "CHOWN" */
		for (size_t i = 0; i < found.count && length >= 3 && !nearest; i++)
			if (strstr(found.names[i].text, text))
				nearest = found.names[i].text;
	return nearest;
}
