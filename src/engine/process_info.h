/* SPDX-License-Identifier: Apache-2.0 */
/* What procfs says of a process, as ps(1) would show it. Pure functions over the text of its files: proc_pid_stat(5), proc_pid_status(5). */
#ifndef BIVY_ENGINE_PROCESS_INFO_H
#define BIVY_ENGINE_PROCESS_INFO_H

#include "base/memory.h"

#include <stdint.h>
#include <time.h>

struct process_info {
	uint32_t uid;      /* effective */
	int64_t pid, parent;
	int64_t terminal;  /* device number; 0: none */
	uint64_t cpu_ticks, start_ticks; /* of 1/100 s; the start is after boot */
	const char *command; /* its words, or "[name]" without any; without control characters */
};

/* STAT and STATUS are whole files, CMDLINE is LENGTH bytes of one; strings live in the arena. -EBADMSG for what is no such file. */
int process_info_parse(struct arena *arena, const char *stat, const char *status, const char *cmdline, size_t length, struct process_info *ret)
	_must_check_;

/* "pts/3", "tty1", "?". */
const char *process_info_terminal(struct arena *arena, int64_t terminal);

/* "00:01:05": hours, minutes, seconds. */
const char *process_info_time(struct arena *arena, uint64_t ticks);

/* "14:02" of today, "Mar05" of this year, "2024": in the local zone. */
const char *process_info_start(struct arena *arena, time_t started, time_t now);

#endif
