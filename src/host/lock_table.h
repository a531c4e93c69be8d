/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds locks of files, and who waits for them: proc_locks(5). */
#ifndef BIVY_HOST_LOCK_TABLE_H
#define BIVY_HOST_LOCK_TABLE_H

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A table with more is cut there. */
#define LOCK_TABLE_LIMIT 16384u

struct lock_table_entry {
	bool is_waiting;      /* for one that is above it in the table */
	bool is_whole;        /* flock(2): of the whole file. Else fcntl(2) */
	bool is_exclusive;
	pid_t pid;            /* that took it, and may have ended; 0: of another pid namespace; -1: it belongs to an open file, not to a process */
	unsigned major, minor; /* of the device that the file is on */
	uint64_t inode;
};

struct lock_table {
	struct lock_table_entry *entries;
	size_t count;
};

/* LENGTH bytes of TEXT, what /proc/locks says; lines that are nothing of the kind are passed over. In the arena. Pure. */
struct lock_table lock_table_parse(struct arena *arena, const char *text, size_t length);

#endif
