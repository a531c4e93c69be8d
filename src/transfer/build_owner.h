/* SPDX-License-Identifier: Apache-2.0 */
/* Owners as COPY --chown names them, by the passwd and group files of the tree that is written to. */
#ifndef BIVY_TRANSFER_BUILD_OWNER_H
#define BIVY_TRANSFER_BUILD_OWNER_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct build_owner {
	uint32_t uid, gid;
};

/*
 * "user", "user:group", ":group", of names and numbers. A user alone has the group that passwd
 * says, or, being a number, the group of the same number. ERROR_NOT_FOUND with
 * the nearest name as hint.
 */
int build_owner_find(int root_fd, const char *text, struct build_owner *ret, struct error *err) _must_check_;

/* What is behind it, of the text of a file: the line "NAME:x:ID[:SECOND:…]", the first that has an ID; without a SECOND that is the same (NULL: nobody asks). */
bool build_owner_find_line(const char *text, const char *name, uint32_t *ret_id, uint32_t *ret_second);
/* That there is no such NAME, which is WHAT, in the file PATH: ERROR_NOT_FOUND with the nearest of the names in its TEXT. */
int build_owner_fail(const char *text, const char *what, const char *name, const char *path, struct error *err);

#endif
