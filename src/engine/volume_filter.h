/* SPDX-License-Identifier: Apache-2.0 */
/* Which volumes: what docker writes behind --filter of `volume ls` and `volume prune`. Pure functions. */
#ifndef BIVY_ENGINE_VOLUME_FILTER_H
#define BIVY_ENGINE_VOLUME_FILTER_H

#include "base/memory.h"
#include "spec/volume.h"

#include <time.h>

struct volume_term;

/* One that lets everything through is all zero. */
struct volume_filter {
	struct volume_term *terms;
	bool asks_for_users; /* whether a volume is in use matters */
	bool all;            /* "all=1" of prune: those with names, too */
};

/*
 * Adds "NAME=VALUE": dangling, driver, label, label!, name, opt, scope or until;
 * with FOR_PRUNE all, label, label! and until. What has one name is either of
 * its values (label: has all of them), what has several is all of those.
 * ERROR_INVALID.
 */
int volume_filter_add(struct volume_filter *filter, struct arena *arena, const char *text, bool for_prune, struct error *err) _must_check_;

bool volume_filter_passes(const struct volume_filter *filter, const struct spec_volume *volume, bool is_used);

#endif
