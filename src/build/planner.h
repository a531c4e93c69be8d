/* SPDX-License-Identifier: Apache-2.0 */
/* A stage while it is being planned: for the modules that plan.h is made of. */
#ifndef BIVY_BUILD_PLANNER_H
#define BIVY_BUILD_PLANNER_H

#include "build/environment.h"
#include "build/plan.h"

struct planner {
	struct arena *arena;
	struct plan_request *request;
	const struct outline_stage *from;
	struct plan_stage *stage;
	const struct dockerfile *dockerfile; /* the one that .source is of: that of the build, or a trigger's */

	/* As it is after the steps so far. */
	struct spec_execution *execution;
	bool is_shared;           /* a step has .execution: it is copied before it changes */
	struct environment environment, arguments; /* what RUN sees; the ARGs, of which it may see other values */
	bool command_is_set, directory_is_set;     /* by this stage */

	/* The step at hand. */
	const struct instruction *source; /* as parsed */
	struct dockerfile_mark *mark;
	struct error *err;
	size_t warning_room;
	size_t text; /* bytes of what the steps so far say */
};

/* The execution, to be changed. */
struct spec_execution *planner_change(struct planner *planner);

/* The directory that relative paths begin at. */
const char *planner_directory(const struct planner *planner);

/* PATH as an absolute one, clean, without slash at its end. */
char *planner_absolute(struct planner *planner, const char *path);

/* Puts the place of the instruction at hand in front of a message, and marks it. */
int planner_at(struct planner *planner, int r);

/* ERROR_INVALID at the instruction at hand. */
int planner_fail(struct planner *planner, const char *format, ...) _printf_(2, 3);

/* RULE is docker's name; the text is taken over. */
void planner_warn(struct planner *planner, const char *rule, char *text);

/* Words for TEXT with the environment of now. */
struct words planner_words(const struct planner *planner);

/* Into the arena; OUT is released. */
char *planner_take(struct planner *planner, struct buf *out);

/*
 * One for each kind of work: fills what of the step is its own, of .instruction,
 * which is expanded, and changes what is after it.
 */
int plan_configure(struct planner *planner, struct plan_step *step) _must_check_;
int plan_directory(struct planner *planner, struct plan_step *step) _must_check_;
int plan_run(struct planner *planner, struct plan_step *step) _must_check_;
int plan_copy(struct planner *planner, struct plan_step *step) _must_check_;

/* ARG: its values are replaced here, one after the other, as each may use those before it. */
int plan_argument(struct planner *planner, struct plan_step *step) _must_check_;

#endif
