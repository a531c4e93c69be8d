/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and times as docker writes them for people. */
#ifndef BIVY_BASE_HUMAN_H
#define BIVY_BASE_HUMAN_H

#include "base/str.h"

#include <stdint.h>

/* "0B", "12.3kB", "1.29GB": of thousands, with DIGITS significant digits. free() it. */
char *human_size(uint64_t bytes, int digits);

/* "0B", "12.3MiB", "1.5GiB": of powers of 1024, with four significant digits. free() it. */
char *human_memory(uint64_t bytes);

/* "3 weeks ago", "N/A" for 0; seconds since 1970. */
char *human_since(int64_t moment_s, int64_t now_s);

/* "2024-05-07 12:34:56 +0200 CEST" in the local zone. */
char *human_time(int64_t moment_s);

#endif
