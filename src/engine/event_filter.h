/* SPDX-License-Identifier: Apache-2.0 */
/* Which events: what docker writes behind --filter of `events`. Pure functions. */
#ifndef BIVY_ENGINE_EVENT_FILTER_H
#define BIVY_ENGINE_EVENT_FILTER_H

#include "base/memory.h"
#include "spec/event.h"

#include <stdbool.h>

struct event_term;

/* One that lets everything through is all zero. */
struct event_filter {
	struct event_term *terms;
};

/*
 * Adds "NAME=VALUE": container, event, image, label, network, scope, type or
 * volume, and what docker has besides (daemon, plugin …), of which there are
 * none. What has one name is either of its values (label: has all of them),
 * what has several is all of those. ERROR_INVALID.
 */
int event_filter_add(struct event_filter *filter, struct arena *arena, const char *text, struct error *err) _must_check_;

bool event_filter_passes(const struct event_filter *filter, const struct spec_event *event);

#endif
