/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event per line to a descriptor, as text or as JSON. Off until
 * log_open(). Libraries may trace with log_debug() anywhere; only front ends
 * report errors with it. After fork a child may log too: each line is a single
 * write(2) to an O_APPEND descriptor.
 */
#ifndef BIVY_BASE_LOG_H
#define BIVY_BASE_LOG_H

#include "base/cleanup.h"

#include <stdbool.h>

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines up to LEVEL go to FD (kept open by the caller; -1 closes the log). */
void log_open(int fd, enum log_format format, enum log_level level);
int log_fd(void);
/* TAKE, or NULL for nobody any more, is called with what is logged, besides: the text alone. Up to warnings also while the log is closed. */
void log_copy(void (*take)(void *context, enum log_level level, const char *text), void *context);
/* Whether lines of LEVEL go anywhere. */
bool log_is_on(enum log_level level);

void log_write(enum log_level level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
