/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much builds may keep (bivy-build.json(5)): a file that an administrator
 * writes, so that a member that is not known is an error.
 */
#ifndef BIVY_SPEC_BUILD_SETTINGS_H
#define BIVY_SPEC_BUILD_SETTINGS_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_BUILD_SETTINGS_LIMIT (64u << 10) /* bytes of the file */

/* An amount of storage: bytes, or a part of the file system that it is of. */
struct spec_build_amount {
	uint64_t bytes;
	bool is_percent;  /* then .percent counts, 0 to 100 */
	unsigned percent;
};

struct spec_build_settings {
	bool collects;     /* whether builds remove what is too old or too much */
	int64_t unused_s;  /* seconds that something may be of no use; 0: forever */
	struct spec_build_amount maximum, minimum_free, reserved; /* 0: none */
};

/* Those that hold without a file, or without a member. */
struct spec_build_settings spec_build_settings_default(void);

/* "12GB", "1048576" (powers of 1024), or "10%". 0 or -EINVAL; then *RET is as before. */
int spec_build_amount_parse(const char *text, struct spec_build_amount *ret) _must_check_;

/* How many bytes that is of a file system of TOTAL bytes. */
uint64_t spec_build_amount_of(const struct spec_build_amount *amount, uint64_t total_bytes);

/* White space alone, or nothing, is a file without members. NAME is what messages call it. ERROR_INVALID. */
int spec_build_settings_decode(const char *name, const char *text, size_t length, struct spec_build_settings *ret, struct error *err) _must_check_;

#endif
