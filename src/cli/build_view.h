/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a build is: on a terminal a tree of steps that is drawn again in
 * place, the running ones with the last lines of their output; elsewhere a line
 * for each thing that happens, for a person or, as JSON, for a program.
 */
#ifndef BIVY_CLI_BUILD_VIEW_H
#define BIVY_CLI_BUILD_VIEW_H

#include "cli/build_options.h"

#define BUILD_VIEW_LINES 6     /* of output beneath a running step */
#define BUILD_VIEW_KEPT 40     /* lines of output that are shown again when a step has failed */

enum build_view_state { BUILD_VIEW_WAITING, BUILD_VIEW_RUNNING, BUILD_VIEW_CACHED, BUILD_VIEW_DONE, BUILD_VIEW_FAILED, BUILD_VIEW_CANCELED };

struct build_view_vertex {
	char *title;
	enum build_view_state state;
	int64_t begun_ms, ended_ms;
	char *lines[BUILD_VIEW_KEPT]; /* the last; number N at N % BUILD_VIEW_KEPT */
	size_t line_count;
	struct buf line;       /* that has no end yet */
	char *status;          /* what a transfer says */
	char *digest;          /* rawjson: what programs call it */
	size_t *inputs;        /* rawjson: what it waits for */
	size_t input_count;
	int64_t begun_ns, ended_ns; /* rawjson: of the wall's clock; 0: not yet */
};

struct build_view {
	enum build_progress progress; /* not AUTO any more */
	int fd;
	bool colors, is_paused;
	struct build_view_vertex *vertices;
	size_t count, capacity;
	size_t last;           /* whose lines came last, (size_t)-1: nobody's (plain) */
	unsigned shown;        /* lines of the tree that stand on the terminal */
	int64_t begun_ms, drawn_ms;
	struct buf notes;      /* warnings, told at the end */
	size_t warnings;
};

/* Where it is shown: FD; AUTO becomes what suits that. Without colors if $NO_COLOR is set. */
void build_view_begin(struct build_view *view, int fd, enum build_progress progress);

/* For struct build_request: CONTEXT is a struct build_view. */
void build_view_tell(void *context, const struct build_event *event);

/* Somebody else has the terminal until the next event: all stands there as it is, with what a step that failed has printed. */
void build_view_pause(struct build_view *view);

/* The last drawing; what a step that failed has printed, if that is not there to be read; releases everything. */
void build_view_end(struct build_view *view);

/* What is behind them, without clock and terminal: adds to *OUT what is to be written. */
struct build_view_place {
	unsigned columns, rows;
	int64_t now_ms;
	int64_t wall_ns; /* since 1970 */
};

void build_view_take(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out);
void build_view_rest(struct build_view *view, const struct build_view_place *place, struct buf *out);
void build_view_finish(struct build_view *view, const struct build_view_place *place, struct buf *out);

#endif
