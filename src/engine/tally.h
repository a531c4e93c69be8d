/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of what commands do (spec/tally.h), which last although no process
 * does: ROOT/tally.json, of one size whatever happens.
 *
 * Invariants:
 *  1. Whoever adds holds flock(2) on tally.lock, exclusive, from before it reads
 *     tally.json until that is replaced by a new one (rename(2)). Both are
 *     opened anew by each, so that a fork shares nothing.
 *  2. Whoever reads needs no lock: what is called tally.json is whole. Killed at
 *     any moment, one has counted all of what it did or none of it. What it was
 *     writing is written over by the next.
 *  3. It is not synced: after a loss of power, or any damage, counting begins
 *     anew, which the time of its beginning tells.
 */
#ifndef BIVY_ENGINE_TALLY_H
#define BIVY_ENGINE_TALLY_H

#include "engine/directories.h"
#include "spec/tally.h"

/* That one was pulled, or could not be, and how many bytes came for it; and the same of a build, with its steps. Nobody minds if that cannot be kept. */
void tally_add_pull(const struct directories *directories, enum spec_tally_result result, int64_t took_ns, uint64_t bytes);
void tally_add_build(const struct directories *directories, enum spec_tally_result result, int64_t took_ns, size_t steps_run, size_t steps_cached);

/* What there is; all 0 if nothing was counted. */
struct spec_tally tally_read(const struct directories *directories);

#endif
