/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a control group, as `cgroup create` and `cgroup set` have them. */
#ifndef BIVY_CLI_CGROUP_OPTIONS_H
#define BIVY_CLI_CGROUP_OPTIONS_H

#include "base/options.h"
#include "primitive/group_limits.h"

struct cgroup_request {
	struct group_limits limits; /* what needs no more than to be stored */
	char **rates[THROTTLE_KIND_COUNT];
};

extern const struct option_entry cgroup_option_entries[];

/* What they come to, with FILES ("memory.high=32m", NULL-terminated) behind; in the arena. */
int cgroup_options_decode(struct arena *arena, const struct cgroup_request *request, char *const *files, struct group_limits *ret, struct error *err)
	_must_check_;

/* For option_entry.parse, of a struct group_limit: "0.5", "200", "64m", "50"; "max" is no limit. */
int cgroup_cpus_parse(const char *text, void *target, struct error *err) _must_check_;
int cgroup_weight_parse(const char *text, void *target, struct error *err) _must_check_;
int cgroup_size_parse(const char *text, void *target, struct error *err) _must_check_;
int cgroup_count_parse(const char *text, void *target, struct error *err) _must_check_;

#endif
