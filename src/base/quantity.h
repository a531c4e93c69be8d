/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, fractions and signals as people write them. Pure functions. */
#ifndef BIVY_BASE_QUANTITY_H
#define BIVY_BASE_QUANTITY_H

#include "base/cleanup.h"

#include <stdint.h>

/*
 * The whole of TEXT, a decimal number with an optional fraction, in units of
 * 1/SCALE: "1.5" is 1.5 * SCALE, rounded down. Without floating point, which
 * would round large ones. -EINVAL: no number; -ERANGE: too large.
 */
int quantity_parse_decimal(const char *text, uint64_t scale, uint64_t *ret) _must_check_;

/* "64M", "1.5GiB", "512kb", "4096": bytes, powers of 1024 whatever the spelling, as Docker. -EINVAL, -ERANGE (above INT64_MAX). */
int quantity_parse_size(const char *text, uint64_t *ret_bytes) _must_check_;

/*
 * "TERM", "sigterm", "SIGRTMIN+3", "RTMAX-1", "9", "0": the kernel's number,
 * whose real-time signals begin with 34 whatever a C library keeps for itself.
 * -EINVAL if there is no such signal.
 */
int quantity_parse_signal(const char *text, int *ret) _must_check_;

#endif
