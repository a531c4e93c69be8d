/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time and lengths of time, as documents and people write them. Pure functions. */
#ifndef BIVY_BASE_MOMENT_H
#define BIVY_BASE_MOMENT_H

#include "base/str.h"

#include <time.h>

/*
 * Reads RFC 3339 ("2024-05-07T12:34:56.789+02:00"). -EINVAL for anything else;
 * years from 1 to 9999, so that the "0001-01-01T00:00:00Z" that Go writes for
 * no time at all is one, long before 1970.
 */
int moment_parse(const char *text, struct timespec *ret) _must_check_;

/*
 * Reads what people give as a limit of age: RFC 3339 with parts left out from
 * the end ("2024-05-07", "2024-05-07T12:34", "…Z"; without a zone: UTC),
 * seconds since 1970 with up to nine decimals, or a length of time before NOW
 * ("24h", "1h30m").
 */
int moment_parse_limit(const char *text, const struct timespec *now, struct timespec *ret) _must_check_;

/* Adds it in UTC: "2024-05-07T12:34:56Z", nanoseconds only if there are any. */
void moment_add(const struct timespec *moment, struct buf *out);

/* Reads a length of time as Go writes it, "1h30m", "1.5s", "300ms". -EINVAL, -ERANGE. */
int duration_parse(const char *text, int64_t *ret_ns) _must_check_;

/* Adds roughly how long SECONDS are, in docker's words: "Less than a second", "5 minutes", "About an hour", "3 weeks". */
void duration_add_rough(int64_t seconds, struct buf *out);

#endif
