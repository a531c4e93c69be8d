/* SPDX-License-Identifier: Apache-2.0 */
/* --timing: where the time of a command went, told on the standard error at its end (base/timing.h). */
#ifndef BIVY_CLI_TIMING_H
#define BIVY_CLI_TIMING_H

#include "base/error.h"
#include "base/options.h"
#include "base/timing.h"

struct timing_option {
	bool is_given, is_json;
};

/* The option, for the table of a command whose request has a struct timing_option at OFFSET. */
#define TIMING_ENTRY(offset) \
	{ "timing", 0, OPTION_CALLBACK, OPTION_OPTIONAL, offset, "FORM", "tell at the end where the time went: text (alone) or json", 0, 0, timing_option_parse }

int timing_option_parse(const char *value, void *target, struct error *err);

/* First and last of a command's run; they do nothing if the option is not given. */
void cli_timing_begin(const struct timing_option *option);
void cli_timing_end(const struct timing_option *option);

/*
 * Adds a line for each phase: microseconds, share of the whole, process, name;
 * with COLUMNS of more than 80 also when it was, drawn to scale in what is left
 * of them: in UTF8 blocks or ASCII. Shares are of the time from the first
 * beginning to the last end.
 */
void timing_view_text(const struct timing_phase *phases, size_t count, unsigned columns, bool utf8, struct buf *out);

/* Adds the same as one line of JSON. */
void timing_view_json(const struct timing_phase *phases, size_t count, struct buf *out);

#endif
