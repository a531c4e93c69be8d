/* SPDX-License-Identifier: Apache-2.0 */
/* --since and --until: from when, and up to when, something is told. */
#ifndef BIVY_ENGINE_TIME_LIMIT_H
#define BIVY_ENGINE_TIME_LIMIT_H

#include "base/error.h"

#include <stdint.h>

/* TEXT, the value of the option --NAME (moment_parse_limit()), as nanoseconds since 1970; *RET_NS stays as it is for NULL. */
int time_limit_read(const char *name, const char *text, int64_t *ret_ns, struct error *err) _must_check_;

#endif
