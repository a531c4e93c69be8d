/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks: what docker writes behind --filter of `network ls` and `network prune`. */
#ifndef BIVY_ENGINE_NETWORK_FILTER_H
#define BIVY_ENGINE_NETWORK_FILTER_H

#include "engine/network_members.h"
#include "spec/network.h"

#include <time.h>

struct network_term;

struct network_filter {
	struct arena *arena;
	time_t now;
	struct network_term *terms;
	size_t pattern_budget; /* name_pattern.h */
	bool asks_users; /* dangling: who is a member must be known */
};

struct network_filter network_filter_begin(struct arena *arena);
void network_filter_done(struct network_filter *filter);
#define _cleanup_network_filter_ _cleanup_(network_filter_done)

/*
 * Adds "NAME=VALUE": dangling, driver, id, label, label!, name, scope, type or
 * until. What has one name is either of its values, but of label it has all and
 * of label! none; what has several is all of those. ERROR_INVALID.
 */
int network_filter_add(struct network_filter *filter, const char *text, struct error *err) _must_check_;

/* IS_USED: a container is a member. */
bool network_filter_passes(const struct network_filter *filter, const struct spec_network *network, bool is_used);

#endif
