/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notations of values on the command line: sizes, durations, signals. Each
 * reads the whole of TEXT, returns 0, and on failure -EINVAL with what was
 * expected in *err. They fit option_entry.parse.
 */
#ifndef BIVY_RUNTIME_PROGRAM_VALUES_H
#define BIVY_RUNTIME_PROGRAM_VALUES_H

#include "base/error.h"

#include <stdint.h>

/* "64M", "1.5GiB", "512kb", "4096": bytes, powers of 1024 whatever the spelling, as Docker; "-1" is -1. TARGET: int64_t. */
int value_parse_size(const char *text, void *target, struct error *err) _must_check_;

/* "5s", "1m30s", "1.5h", "100ms" as Go's durations: milliseconds, rounded up, above 0. TARGET: unsigned. */
int value_parse_duration(const char *text, void *target, struct error *err) _must_check_;

/* "TERM", "sigterm", "SIGRTMIN+3", "RTMAX-1", "9", "0". TARGET: int. */
int value_parse_signal(const char *text, void *target, struct error *err) _must_check_;

/* A user or group id, 0 … 4294967294. TARGET: uint32_t. */
int value_parse_id(const char *text, void *target, struct error *err) _must_check_;

#endif
