/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a transfer is: on a terminal a line with a bar for each layer, drawn
 * again in place; elsewhere a line for each thing that happens.
 */
#ifndef BIVY_CLI_PROGRESS_H
#define BIVY_CLI_PROGRESS_H

#include "base/memory.h"
#include "base/str.h"
#include "spec/transfer_event.h"

/* What is done to the items, for the words that tell of their end. */
enum progress_verb { PROGRESS_PULL, PROGRESS_PUSH, PROGRESS_LOAD, PROGRESS_SAVE, PROGRESS_UNPACK };

struct progress_item {
	char *name;
	char *detail;
	enum spec_transfer_phase phase;
	uint64_t current, total;
};

struct progress {
	int fd; /* where it is shown; -1: nowhere */
	enum progress_verb verb;
	bool redraws;
	struct progress_item *items; /* that can still be drawn again */
	size_t count, capacity;
	unsigned shown;   /* lines of them that stand on the terminal */
	int64_t drawn_ms; /* when */
	bool waits;       /* something has changed since */
};

/* Shows it on FD. */
void progress_begin(struct progress *progress, int fd, enum progress_verb verb);

/* For struct transfer_request: CONTEXT is a struct progress. */
void progress_tell(void *context, const struct spec_transfer_event *event);

/* Draws what is left to draw; releases everything. */
void progress_end(struct progress *progress);

#define _cleanup_progress_ _cleanup_(progress_end)

/* What is behind them, without clock and terminal: adds to *OUT what is to be written. */
struct progress_view {
	unsigned columns, rows;
	int64_t now_ms;
};

void progress_take(struct progress *progress, const struct spec_transfer_event *event, const struct progress_view *view, struct buf *out);
void progress_finish(struct progress *progress, const struct progress_view *view, struct buf *out);

#endif
