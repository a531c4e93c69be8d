/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to objects, as docker's `events` tells it: lines of JSON
 * appended to RUN_ROOT/events by whoever did it, with one write(2) each. The
 * file is bounded: at EVENTS_BYTES it becomes events.1, and a new one begins.
 */
#ifndef BIVY_ENGINE_EVENTS_H
#define BIVY_ENGINE_EVENTS_H

#include "engine/directories.h"
#include "spec/event.h"

#define EVENTS_BYTES (1u << 20)

/* Appends it; what cannot be written is logged, for nothing fails because of it. */
void events_add(const struct directories *directories, const struct spec_event *event);

/* That all of TYPE ("container", "image", …) that nobody needs has been removed, and with it BYTES on disk. */
void events_add_prune(const struct directories *directories, const char *type, uint64_t bytes);

struct events_request {
	const struct directories *directories;
	char **filters; /* "NAME=VALUE": container event image label type … */
	const char *since, *until; /* moment_parse_limit(); or NULL */
	/* Called for each, the oldest first; what is not 0 ends it and is returned. */
	int (*each)(void *context, const struct spec_event *event);
	void *context;
};

/* Follows until .until (NULL: forever, or until EACH says so). */
int events_follow(const struct events_request *request, struct error *err) _must_check_;

#endif
