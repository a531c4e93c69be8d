/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor has to say about itself. Nobody is there to read its log:
 * the last warnings become a part of the container's state, where `inspect`
 * shows them. Children that it forks have copies, which end with them.
 */
#ifndef BIVY_SUPERVISOR_WARNINGS_H
#define BIVY_SUPERVISOR_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>

#define WARNINGS_KEPT 8
#define WARNINGS_BYTES 400 /* of each, at most */

struct warnings {
	char *list[WARNINGS_KEPT + 1]; /* "TIME TEXT", the oldest first; NULL-terminated */
	size_t count;
	bool has_news; /* since somebody has set it to false */
};

/* Adds TEXT of now; what is said again and again only gets another time. */
void warnings_add(struct warnings *warnings, const char *text);
void warnings_done(struct warnings *warnings);

/* From now on warnings and errors of base/log.h are added; with NULL not any more. */
void warnings_collect(struct warnings *warnings);

#endif
