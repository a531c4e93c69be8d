/* SPDX-License-Identifier: Apache-2.0 */
#include "host/scheduler.h"
#include "base/str.h"

#include <ctype.h>
#include <sys/syscall.h>

#define SET_BITS 4096
#define WORD_BITS (8 * sizeof(unsigned long))
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

struct bit_set {
	unsigned long words[SET_BITS / WORD_BITS];
};

/* "0-3,8" as bits. */
static int parse_list(const char *text, struct bit_set *ret)
{
	struct bit_set set = { 0 };

	while (*text) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= SET_BITS)
			return -EINVAL;
		for (unsigned long bit = first; bit <= last; bit++)
			set.words[bit / WORD_BITS] |= 1UL << bit % WORD_BITS;
		if (*end == ',' && end[1])
			end++;
		else if (*end)
			return -EINVAL;
		text = end;
	}
	*ret = set;
	return 0;
}

int scheduler_set(const struct scheduler_attributes *attributes)
{
	/* struct sched_attr, version 0 (48 bytes): libc headers differ about it. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {
		.size = sizeof attr,
		.policy = attributes->policy,
		.flags = attributes->flags,
		.nice = attributes->nice,
		.priority = (uint32_t)attributes->priority,
		.runtime = attributes->runtime_ns,
		.deadline = attributes->deadline_ns,
		.period = attributes->period_ns,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}

int scheduler_set_io_priority(int class, int priority)
{
	return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, class << IOPRIO_CLASS_SHIFT | priority) < 0 ? -errno : 0;
}

int scheduler_set_affinity(const char *list)
{
	struct bit_set set;
	int r = parse_list(list, &set);

	if (r < 0)
		return r;
	return syscall(SYS_sched_setaffinity, 0, sizeof set.words, set.words) < 0 ? -errno : 0;
}

int scheduler_reset_affinity(void)
{
	struct bit_set set;

	memset(&set, 0xff, sizeof set);
	return syscall(SYS_sched_setaffinity, 0, sizeof set.words, set.words) < 0 ? -errno : 0;
}

int scheduler_set_memory_policy(int mode, uint32_t flags, const char *nodes)
{
	struct bit_set set;
	int r;

	if (str_is_empty(nodes))
		return syscall(SYS_set_mempolicy, mode | (int)flags, NULL, 0) < 0 ? -errno : 0;
	r = parse_list(nodes, &set);
	if (r < 0)
		return r;
	return syscall(SYS_set_mempolicy, mode | (int)flags, set.words, SET_BITS) < 0 ? -errno : 0;
}
