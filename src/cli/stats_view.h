/* SPDX-License-Identifier: Apache-2.0 */
/* What `stats` prints of a round of samples: a listing; on a terminal with how it was in the last rounds, drawn. */
#ifndef BIVY_CLI_STATS_VIEW_H
#define BIVY_CLI_STATS_VIEW_H

#include "base/error.h"
#include "engine/stats.h"

#define STATS_HISTORY 16 /* rounds */

/* The last values of something, each 0 to 1. */
struct stats_history {
	float values[STATS_HISTORY];
	unsigned count; /* how many there have been; the last is at (count - 1) % STATS_HISTORY */
};

void stats_history_add(struct stats_history *history, double value);

/* Adds it as STATS_HISTORY columns, the youngest last: blocks of eight heights, or (UTF8 false) of ASCII. */
void stats_history_draw(const struct stats_history *history, bool utf8, struct buf *out);

struct stats_view_row;

struct stats_view {
	const char *format; /* as --format, or NULL */
	bool whole_ids;
	unsigned columns;   /* of the terminal, to draw history in if there is no format; 0: no history */
	bool utf8;
	struct stats_view_row *rows; /* what has been seen of each container */
	size_t count;
};

/* Adds the round to *OUT, sorted by name. ERROR_INVALID: the format is wrong. */
int stats_view_add(struct stats_view *view, const struct stats_sample *samples, size_t count, struct buf *out, struct error *err) _must_check_;
void stats_view_done(struct stats_view *view);

#endif
