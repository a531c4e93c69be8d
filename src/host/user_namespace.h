/* SPDX-License-Identifier: Apache-2.0 */
/* The user namespace that we are in: user_namespaces(7). */
#ifndef BIVY_HOST_USER_NAMESPACE_H
#define BIVY_HOST_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether it is the host's own, in which every id is itself. In any other not
 * all is possible for root: no file system of the host's can be mounted or its
 * owners be mapped, no device node be made, no limit be raised. Read once; who
 * enters another asks user_namespace_entered() to forget. True without /proc:
 * nothing says otherwise.
 */
bool user_namespace_is_first(void);

/* How many ids, from 0 on without a gap, are somebody in ours, both as user and as group; UINT32_MAX in the first. */
uint32_t user_namespace_size(void);

/*
 * How far ids from FIRST on, COUNT at most, are in one line of our map, as the
 * kernel wants what a map of a namespace below ours names as outside
 * (user_namespaces(7)); COUNT where that cannot be told.
 */
uint32_t user_namespace_run(bool is_gid, uint32_t first, uint32_t count);

/* What the id 0 of ours is in the one above; 0 where nobody is. */
uint32_t user_namespace_root(bool is_gid);

/* Ours is another than before. */
void user_namespace_entered(void);

/* ---- for tests ------------------------------------------------------------------ */

/* The same of MAP, what /proc/PID/uid_map says. */
uint32_t user_namespace_size_of(const char *map);
uint32_t user_namespace_root_of(const char *map);
uint32_t user_namespace_run_of(const char *map, uint32_t first, uint32_t count);

#endif
