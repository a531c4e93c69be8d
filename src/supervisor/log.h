/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of a container on its way to a log driver: bytes become lines with
 * a time, lines what the driver keeps of them.
 *
 * Nothing here waits, and nothing fails the container: what cannot be written
 * (a full disk, a journal that does not keep up) is dropped and counted. A line
 * is written when it is complete, or has SPEC_LOG_TEXT_LIMIT bytes; what comes
 * without a newline before log_flush() or log_close() is then written as it is,
 * so that what is read back has exactly the bytes that were put.
 */
#ifndef BIVY_SUPERVISOR_LOG_H
#define BIVY_SUPERVISOR_LOG_H

#include "base/error.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_file_names;

/* Files NAMES in the directory of the request; FD is locked (flock(2)) until that is done. */
typedef void log_compress(void *context, const char *format, int fd, const struct log_file_names *names);

struct log_request {
	const char *driver; /* "local" (NULL), "json-file", "journald", "none", "passthrough" */
	const char *path;   /* the directory log/ of the record; is made if it is missing, what it is in exists */
	const struct spec_pair *options; /* --log-opt, checked by spec_log_options_read() */
	size_t option_count;
	/* For what the options "tag", "labels" and "env" name, and journald. */
	const char *id, *name, *image_name;
	const struct spec_pair *labels;
	size_t label_count;
	char *const *env; /* of the container's process, or NULL */
	/* Has files that were rotated compressed (log_file.h), by a process that nobody waits for; NULL: they stay as they are. */
	log_compress *compress;
	void *compress_context;
	const char *journal;  /* socket of the journal; NULL: the system's */
};

struct log;

/*
 * Opens the driver, to go on where an earlier one stopped. With a disk that is
 * full already it opens, too, and drops. The request is not needed afterwards.
 *
 * "none" and "passthrough" take nothing (log_is_needed()); with the latter the
 * caller's own standard streams are to be the process's.
 */
int log_new(const struct log_request *request, struct log **ret, struct error *err) _must_check_;

/* Flushes, and releases all; takes NULL. */
struct log *log_close(struct log *log);

/* Whether there is a point in reading the process's output for it. */
bool log_is_needed(const struct log *log);

/* LENGTH bytes of STREAM (1 standard output or the terminal, 2 standard error) that came at TIME_NS, since 1970. */
void log_put(struct log *log, int stream, const void *bytes, size_t length, int64_t time_ns);

/* The end of STREAM: a line that is not complete is written, too. */
void log_flush(struct log *log, int stream);

/*
 * Lines dropped since log_new(). When this grows, that is told once in the
 * supervisor's own log; the driver tries again with each line.
 */
int64_t log_dropped(const struct log *log);

/* The container has another name now, for what is written from here on. */
void log_rename(struct log *log, const char *name);

DEFINE_CLEANUP(struct log *, log_close)
#define _cleanup_log_ _cleanup_(cleanup_log_close)

#endif
