/* SPDX-License-Identifier: Apache-2.0 */
/* Where a command's archive goes: into a file or directory, which is there in whole or not at all, or to the standard output. */
#ifndef BIVY_TRANSFER_OUTPUT_H
#define BIVY_TRANSFER_OUTPUT_H

#include "base/str.h"
#include "transfer/session.h"

enum output_kind { OUTPUT_FILE, OUTPUT_DIRECTORY };

struct output {
	int fd;          /* of the file to be written, or of the directory to be filled */
	int parent_fd;   /* the directory that has its name; -1 where it has none, or keeps it */
	char *path;      /* NULL: the standard output */
	char *temporary; /* what it is called for now; NULL: a device or a pipe, which is written to at once */
};

#define OUTPUT_INIT ((struct output){ .fd = -EBADF, .parent_fd = -EBADF })

/*
 * The file PATH, which is replaced; or the directory, which may be there if it
 * is empty; or the standard output (NULL; no directory), which must not be a
 * terminal.
 */
int output_open(const char *path, enum output_kind kind, struct output *ret, struct error *err) _must_check_;

/* What messages call it. */
const char *output_name(const struct output *output);

/* Gives up (confine.h) everything but to read, and to change STORE and what goes out; to be called before a stranger's bytes are read. */
void output_confine(const struct output *output, const struct store *store);

/* All of it is written: it gets its name. */
int output_commit(struct output *output, struct error *err) _must_check_;

/* Ends it; what was not committed is removed. */
void output_end(struct output *output);
#define _cleanup_output_ _cleanup_(output_end)

/*
 * Where the report REPORT (JSON, and a newline) goes: to the standard output
 * by way of OUT, or as an event if the archive is there.
 */
int output_report(const struct output *output, const struct transfer_globals *globals, const struct buf *report, struct buf *out, struct error *err)
	_must_check_;

#endif
