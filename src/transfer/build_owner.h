/* SPDX-License-Identifier: Apache-2.0 */
/* Owners as COPY --chown names them, by the passwd and group files of the tree that is written to. */
#ifndef BIVY_TRANSFER_BUILD_OWNER_H
#define BIVY_TRANSFER_BUILD_OWNER_H

#include "base/error.h"

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

#endif
