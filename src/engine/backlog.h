/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that somebody will take later, in their order: a ring in a file without
 * a name, so that they take no memory and are gone with whoever has them.
 */
#ifndef BIVY_ENGINE_BACKLOG_H
#define BIVY_ENGINE_BACKLOG_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKLOG_BYTES (8u << 20) /* that it has room for */

struct backlog {
	const char *directory; /* of the file; borrowed; NULL: it has no room at all */
	int fd;                /* -EBADF: nothing was ever added */
	uint64_t begin;        /* where the first byte is */
	size_t length;
};

#define BACKLOG_INIT ((struct backlog){ .fd = -EBADF })

/* Whether LENGTH bytes more find room. */
bool backlog_has_room(const struct backlog *backlog, size_t length);

/* Adds all of them; -ENOSPC if there is no room here, -errno if there is none on the disk: nothing was added then. */
int backlog_add(struct backlog *backlog, const void *bytes, size_t length) _must_check_;

/* Takes the first bytes, SIZE at most; how many they were, 0: there are none; -errno. */
ssize_t backlog_take(struct backlog *backlog, void *bytes, size_t size) _must_check_;

/* Forgets the first LENGTH bytes, or as many as there are. */
void backlog_drop(struct backlog *backlog, size_t length);

/* Forgets all; it can be added to again. */
void backlog_close(struct backlog *backlog);

#endif
