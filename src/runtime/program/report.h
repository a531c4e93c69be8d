/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong, told: on the standard error for a person, in the file of
 * --log for the program that called us.
 */
#ifndef BIVY_RUNTIME_PROGRAM_REPORT_H
#define BIVY_RUNTIME_PROGRAM_REPORT_H

#include "base/error.h"

#include <stdbool.h>

struct report_request {
	const char *log;        /* path, or NULL: the standard error, for warnings and up only */
	const char *log_format; /* "text" or "json", NULL: text */
	bool debug;
};

/* Opens the log. The file is made with mode 0644 and appended to. */
int report_open(const struct report_request *request, struct error *err) _must_check_;

/* Keeps the log off the descriptors 3 … 3+COUNT-1, which belong to the caller (--preserve-fds). */
int report_make_room(int count, struct error *err) _must_check_;

/*
 * Tells *ERR: one line "bivy-runtime: …" on the standard error, and a line in
 * the log. With --log-format=json and no file, the JSON line alone. A hint
 * gets a line of its own on a terminal; other readers were promised one line.
 */
void report_error(const struct error *err);

#endif
