/* SPDX-License-Identifier: Apache-2.0 */
/* Subordinate ids, which an ordinary user may give to others: /etc/subuid and /etc/subgid, subuid(5). */
#ifndef BIVY_SPEC_SUBID_H
#define BIVY_SPEC_SUBID_H

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_SUBID_FILE_LIMIT (8u << 20) /* bytes of such a file: 100,000 users and more */
#define SPEC_SUBID_LIMIT 339             /* ranges of one user: with his own id as many as the kernel takes, user_namespaces(7) */

#define SPEC_SUBID_LINE_LIMIT 512        /* bytes; a longer line is nobody's */

struct spec_subid {
	uint32_t first, count;
};

/*
 * LINE, "OWNER:FIRST:COUNT", which is taken apart for it: *RET_OWNER points into it.
 * False if it is nothing of the kind, or has an id that is none.
 */
bool spec_subid_parse_line(char *line, const char **ret_owner, struct spec_subid *ret);

/* Whether OWNER is the user who is called NAME (may be NULL) or has the id ID. */
bool spec_subid_is_of(const char *owner, const char *name, uint32_t id);

/* Whether the two have an id in common. */
bool spec_subid_meet(const struct spec_subid *one, const struct spec_subid *other);

/*
 * The ranges that the lines "OWNER:FIRST:COUNT" of TEXT give to the user who is
 * called NAME (may be NULL) or has the id ID, in their order, in the arena;
 * what lies in an earlier one is left out. Lines that cannot be understood are
 * nobody's, as newuidmap(1) has it.
 */
void spec_subid_read(struct arena *arena, const char *text, const char *name, uint32_t id, struct spec_subid **ret, size_t *ret_count);

#endif
