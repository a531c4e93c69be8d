/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time of one command goes, in all of its processes: a table in
 * memory that they share. Who is asked for it makes the table, and hands
 * timing_fd() to the programs that it executes, which join it; what they fork
 * shares it without that. Processes work beside one another, so phases overlap.
 *
 * Without a table, which is the rule, a phase costs the test of a pointer.
 */
#ifndef BIVY_BASE_TIMING_H
#define BIVY_BASE_TIMING_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

#define TIMING_PHASES 240 /* those beyond are not kept */

struct timing_phase {
	char process[16]; /* its base/role.h: "bivy", "supervisor", "init" … */
	char name[32];
	int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
};

/* Makes the table. -errno of memfd_create(2) or mmap(2), then there is none. */
int timing_begin(void) _must_check_;

/* Joins the table of another process by a descriptor that was handed down, and becomes close-on-exec. -EINVAL: it is of no table. */
int timing_join(int fd) _must_check_;

/* The table's descriptor, close-on-exec; or -1. */
int timing_fd(void);

/* No more phases of this process. */
void timing_leave(void);

/* What this process does until timing_resume() is one phase of somebody else's: it, and what it executes, has no table. Not to be nested. */
void timing_suspend(void);
void timing_resume(void);

/* When a phase begins; 0 if there is no table. */
int64_t timing_now(void);

/* The phase NAME, cut at 31 bytes, went from BEGIN_NS, of timing_now(), to this moment. */
void timing_phase(const char *name, int64_t begin_ns);

/*
 * The phases so far, at most CAPACITY, in the order of their beginnings; how
 * many. All processes of a table may write to it: texts are cut and made
 * printable, and what ends before it begins, or is not yet whole, is left out.
 */
size_t timing_read(struct timing_phase *ret, size_t capacity);

#endif
