/* SPDX-License-Identifier: Apache-2.0 */
/* What a control group (group.h) may use, and what it uses. */
#ifndef BIVY_PRIMITIVE_GROUP_USAGE_H
#define BIVY_PRIMITIVE_GROUP_USAGE_H

#include "base/memory.h"
#include "engine/stats.h"

/* One thing that is limited, as people say it. */
struct group_setting {
	const char *name;  /* "cpu maximum" */
	const char *value; /* "0.5 CPUs", "none"; or NULL: it has no limit of its own */
	const char *usage; /* "12.3MiB, at most 20MiB"; or NULL */
	const char *file;  /* absolute path of what holds the value */
};

/* Those whose files are there, in the arena, in a constant order. ERROR_NOT_FOUND if there is no such group. */
int group_usage_read(struct arena *arena, const char *name, struct group_setting **ret, size_t *ret_count, struct error *err) _must_check_;

struct group_watch_request {
	char *const *names;   /* NULL-terminated; none: all that there are at each round */
	unsigned interval_ms; /* 1 at least */
	uint64_t rounds;      /* 0: until EACH ends it */
	/* With each round; .id and .name of a sample are the group's name. What is not 0 ends it and is returned. */
	int (*each)(void *context, const struct stats_sample *samples, size_t count);
	void *context;
};

/* CPU of the first round is what was used in a tenth of a second. A named group that is not there is ERROR_NOT_FOUND; one that goes later is left out. */
int group_usage_watch(const struct group_watch_request *request, struct error *err) _must_check_;

#endif
