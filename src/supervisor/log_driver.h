/* SPDX-License-Identifier: Apache-2.0 */
/* What a log driver is for log.c: it takes lines. */
#ifndef BIVY_SUPERVISOR_LOG_DRIVER_H
#define BIVY_SUPERVISOR_LOG_DRIVER_H

#include "spec/log_options.h"
#include "spec/log_record.h"
#include "supervisor/log.h"

/* None of them waits for anything but the file system. */
struct log_driver {
	/* What it needs of REQUEST it copies. A full disk is no error: lines are dropped then. */
	int (*open)(const struct log_request *request, const struct spec_log_options *options, void **ret, struct error *err);
	/* Takes a line or piece. It may be kept until .flush. Returns how many were lost. */
	int64_t (*write)(void *state, const struct spec_log_record *record);
	/* What was kept goes out; returns how many were lost. Optional. */
	int64_t (*flush)(void *state);
	/* The container has another name. Optional. */
	void (*rename)(void *state, const char *name);
	/* .flush has been called. */
	void (*close)(void *state);
};

extern const struct log_driver log_driver_local, log_driver_json_file, log_driver_journald;

/* The one that writes for DRIVER; NULL if there is nothing to write. */
const struct log_driver *log_driver_of(enum spec_log_driver driver);

/* Calls EACH for the labels and variables that the options "labels" and "env" name. */
typedef void log_driver_attribute(void *context, const char *name, const char *value);
void log_driver_each_attribute(const struct log_request *request, const struct spec_log_options *options, log_driver_attribute *each, void *context);

#endif
