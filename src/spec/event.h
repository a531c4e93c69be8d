/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that happened to an object, as docker's API tells it (EventMessage). */
#ifndef BIVY_SPEC_EVENT_H
#define BIVY_SPEC_EVENT_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_EVENT_LIMIT (64u << 10) /* bytes of one */

struct spec_event {
	const char *type;   /* "container", "image", "volume", "network" */
	const char *action; /* "create" "start" "die" "oom" "exec_create: cmd" "health_status: healthy" … */
	const char *id;
	struct spec_pair *attributes; /* of a container: image, name, its labels, exitCode … */
	size_t attribute_count;
	int64_t time_ns; /* since 1970 */
};

int spec_event_decode(struct arena *arena, const char *text, size_t length, struct spec_event *ret, struct error *err) _must_check_;

/* One line, with a newline at its end. */
void spec_event_encode(const struct spec_event *event, struct buf *out);

#endif
