/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine has done since somebody began to count: tally.json (engine/tally.h). Its size has a bound, whatever happens. */
#ifndef BIVY_SPEC_TALLY_H
#define BIVY_SPEC_TALLY_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

#define SPEC_TALLY_LIMIT 8192 /* bytes of a document */

/* Up to how long each bucket is; one more is for what took longer. */
#define SPEC_TALLY_BOUNDS 9
extern const uint32_t spec_tally_bounds_ms[SPEC_TALLY_BOUNDS];

struct spec_tally_times {
	uint64_t buckets[SPEC_TALLY_BOUNDS + 1]; /* how many took so long */
	uint64_t sum_ns;
};

enum spec_tally_result { SPEC_TALLY_SUCCESS, SPEC_TALLY_FAILURE, SPEC_TALLY_RESULTS };

struct spec_tally {
	int64_t since_ns; /* since 1970: when it began */
	struct spec_tally_times pulls[SPEC_TALLY_RESULTS], builds[SPEC_TALLY_RESULTS];
	uint64_t pulled_bytes;              /* of layers and images that came from registries */
	uint64_t steps_run, steps_cached;   /* of builds */
};

/* Adds one that took so long. */
void spec_tally_times_add(struct spec_tally_times *times, int64_t took_ns);

/* ERROR_INVALID for what is no tally. */
int spec_tally_decode(const char *text, size_t length, struct spec_tally *ret, struct error *err) _must_check_;
void spec_tally_encode(const struct spec_tally *tally, struct buf *out);

#endif
