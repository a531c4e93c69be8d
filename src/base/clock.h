/* SPDX-License-Identifier: Apache-2.0 */
/* What time it is, as one number. */
#ifndef BIVY_BASE_CLOCK_H
#define BIVY_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC: for how long something has lasted, or may. */
int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);

/* CLOCK_REALTIME: nanoseconds since 1970. */
int64_t clock_wall_ns(void);

#endif
