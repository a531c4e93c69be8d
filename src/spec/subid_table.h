/* SPDX-License-Identifier: Apache-2.0 */
/* All of /etc/subuid or /etc/subgid (spec/subid.h): who has what, what two have, and what nobody has. Pure. */
#ifndef BIVY_SPEC_SUBID_TABLE_H
#define BIVY_SPEC_SUBID_TABLE_H

#include "spec/subid.h"

/* A file with more lines is cut there. */
#define SPEC_SUBID_TABLE_LIMIT 262144u

struct spec_subid_entry {
	const char *owner; /* a name, or a number in decimal digits */
	struct spec_subid ids;
};

struct spec_subid_table {
	struct spec_subid_entry *entries; /* in the order of the file */
	size_t count;
	size_t wrong_line; /* the first that is neither a range nor empty nor a comment, from 1; 0: none */
};

/* Whose ranges are meant. */
struct spec_subid_owner {
	const char *name; /* or NULL, if the user has none */
	uint32_t uid;     /* the user's, for groups, too */
};

/* LENGTH bytes of TEXT; all in the arena. What is wrong is left out. */
struct spec_subid_table spec_subid_table_parse(struct arena *arena, const char *text, size_t length);

/* How many ids OWNER has; an id that two of the ranges have counts twice. */
uint64_t spec_subid_table_count(const struct spec_subid_table *table, const struct spec_subid_owner *owner);

/* The first range of OWNER's that has ids of somebody else's; *RET_OTHER is that one's. NULL: none. */
const struct spec_subid_entry *spec_subid_table_shared(const struct spec_subid_table *table, const struct spec_subid_owner *owner,
	const struct spec_subid_entry **ret_other);

/*
 * The lowest first id, FROM plus a multiple of COUNT (not 0), from which COUNT
 * ids are nobody's in both tables and below END; 0 if there is none.
 */
uint32_t spec_subid_table_free(const struct spec_subid_table *uids, const struct spec_subid_table *gids, uint32_t from, uint32_t end, uint32_t count);

#endif
