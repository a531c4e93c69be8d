/* SPDX-License-Identifier: Apache-2.0 */
/* What builds that were killed have left in ROOT/build: what they had on their way, and records that were half written. */
#ifndef BIVY_ENGINE_BUILD_DEBRIS_H
#define BIVY_ENGINE_BUILD_DEBRIS_H

#include "engine/directories.h"

#include <stdbool.h>

struct build_debris {
	const struct directories *directories;
	bool dry_run;
	void (*found)(void *context, const char *text); /* called for each, with what it is; or NULL */
	void *context;
};

/* Removes it, unless it is a dry run; beside builds that run. What cannot be removed is left to the next. */
int build_debris_sweep(const struct build_debris *debris, struct error *err) _must_check_;

/* Only what they had on their way, which takes most. 0 or -errno. */
int build_debris_sweep_work(const struct directories *directories) _must_check_;

#endif
