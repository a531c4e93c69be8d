/* SPDX-License-Identifier: Apache-2.0 */
/* Another program that is run to its end, for what it writes. */
#ifndef BIVY_TRANSFER_PROGRAM_H
#define BIVY_TRANSFER_PROGRAM_H

#include "base/error.h"

struct program {
	const char *const *arguments; /* NULL-terminated; the first is looked for in $PATH */
	const char *directory;        /* where it runs; NULL: here */
	int output_fd;                /* its standard output; -1: nobody wants it */
	/* Told each line of its standard error, without the end and of 1000 bytes at most; or NULL. */
	void (*told)(void *context, const char *line);
	void *context;
};

/*
 * Its standard input is empty, its language English; it ends with us. An error,
 * ERROR_NOT_FOUND if there is no such program; or if its exit status is not 0,
 * with the last that it said (what it marks as an error, "E: …", before other
 * things).
 */
int program_run(const struct program *program, struct error *err) _must_check_;

#endif
