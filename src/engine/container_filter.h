/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers: what docker writes behind --filter of `ps` and `container prune`. */
#ifndef BIVY_ENGINE_CONTAINER_FILTER_H
#define BIVY_ENGINE_CONTAINER_FILTER_H

#include "engine/container.h"

#include <time.h>

struct container_term;

struct container_filter {
	struct arena *arena;
	const struct directories *directories;
	time_t now;
	struct container_term *terms;
	size_t pattern_budget; /* name_pattern.h */
	bool asks_status; /* by a status or how it exited: those that do not run are meant, too */
};

/* One that lets everything through. */
struct container_filter container_filter_begin(struct arena *arena, const struct directories *directories);
void container_filter_done(struct container_filter *filter);
#define _cleanup_container_filter_ _cleanup_(container_filter_done)

/*
 * Adds "NAME=VALUE". What has one name is either of its values, but of label it
 * has all and of label! none; what has several is all of those. Containers and
 * images that are named are looked up. ERROR_INVALID, ERROR_NOT_FOUND.
 */
int container_filter_add(struct container_filter *filter, const char *text, struct error *err) _must_check_;

bool container_filter_passes(const struct container_filter *filter, const struct spec_container *container, const struct spec_container_state *state);

/* Seconds since 1970 of RFC 3339; 0 for NULL, or what is none. */
int64_t container_time(const char *text);

#endif
