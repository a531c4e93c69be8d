/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps containers from running here, or from running well, and the line
 * of shell that mends it. Nothing is changed by looking. For root and for
 * ordinary users, whose lines ask for root where that is what it takes.
 *
 * A check is an entry of a table (doctor_subject.h) and sees the host through
 * a struct doctor_subject alone, so that tests show it any host.
 */
#ifndef BIVY_ENGINE_DOCTOR_H
#define BIVY_ENGINE_DOCTOR_H

#include "engine/directories.h"

#include <stdbool.h>
#include <stddef.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing; not all will miss it */
	DOCTOR_WARNING, /* something that many need does not work */
	DOCTOR_ERROR,   /* no container runs, or data is in danger */
	DOCTOR_VERDICT_COUNT,
};

struct doctor_finding {
	const char *group, *check; /* "ids", "subuid" */
	const char *purpose;       /* what the check is for */
	enum doctor_verdict verdict;
	const char *text;          /* one line, no full stop */
	const char *fix;           /* to be pasted into a shell; or NULL: there is none that a line can say */
	bool is_by_hand;           /* the line changes the shell that it is typed in, or asks for a decision: nobody else runs it */
};

struct doctor_report {
	struct doctor_finding *findings; /* in the order of the checks; a check may have none, or several */
	size_t count;
	size_t verdicts[DOCTOR_VERDICT_COUNT]; /* how many of each */
};

/* "ok" "note" "warning" "error" */
const char *doctor_verdict_word(enum doctor_verdict verdict);

/* Runs all checks, or those called ONLY (a check's name or a group's; NULL: all). ERROR_NOT_FOUND if none is. All of *RET is in the arena. */
int doctor_examine(struct arena *arena, const struct directories *directories, const char *only, struct doctor_report *ret, struct error *err)
	_must_check_;

/* The names of all checks, for completions and hints: "group/check"; NULL-terminated. */
const char **doctor_names(struct arena *arena);

/*
 * Runs the line of a finding by /bin/sh, on the caller's terminal, and waits.
 * ERROR_INTERNAL with its status if it failed; interrupts from the terminal are
 * the line's.
 */
int doctor_fix(const struct doctor_finding *finding, struct error *err) _must_check_;

#endif
