/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well a running container is kept apart from its host, in points of 100:
 * what the kernel says of it (audit_facts.h) is held against one table of
 * rules; what its record says is only asked for the reason.
 */
#ifndef BIVY_ENGINE_AUDIT_H
#define BIVY_ENGINE_AUDIT_H

#include "engine/directories.h"

#include <stddef.h>

struct audit_rule {
	const char *name;
	unsigned points; /* that it costs, each time */
	unsigned most;   /* points that all of its findings together cost at most */
	const char *what, *remedy;
};

/* All there are, by what they are about; the last has no name. */
extern const struct audit_rule audit_rules[];

struct audit_finding {
	const struct audit_rule *rule;
	unsigned points;    /* that it costs; 0 if others of its rule have cost the most that they may */
	const char *object; /* which one: "CAP_SYS_ADMIN", a path; or NULL */
	const char *cause;  /* the option it comes from, or that is missing */
};

struct audit_report {
	const char *id, *name;
	unsigned score; /* 100: nothing was found; not below 0 */
	struct audit_finding *findings; /* what costs most comes first */
	size_t count;
};

/* ERROR_CONFLICT if CONTAINER does not run. In the arena. */
int audit_container(struct arena *arena, const struct directories *directories, const char *container, struct audit_report *ret, struct error *err)
	_must_check_;

/* The same of each that runs, by name. */
int audit_all(struct arena *arena, const struct directories *directories, struct audit_report **ret, size_t *ret_count, struct error *err) _must_check_;

#endif
