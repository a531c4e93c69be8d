/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of user and group ids: user_namespaces(7). */
#ifndef BIVY_HOST_IDMAP_H
#define BIVY_HOST_IDMAP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct idmap_range {
	uint32_t inside, outside, size;
};

struct idmap {
	const struct idmap_range *uids, *gids;
	size_t uid_count, gid_count;
};

/* Whether everybody is himself in it. */
bool idmap_is_identity(const struct idmap *map);

/* The kernel takes no more ranges than this. */
#define IDMAP_LIMIT 340

/*
 * Gives the user namespace of process PID, just made, its mappings. Directly
 * if the caller may (CAP_SETUID and CAP_SETGID over the parent namespace, or
 * one id each that is the caller's own: then setgroups(2) is denied first, as
 * the kernel demands); else by executing newuidmap and newgidmap, both at
 * once. PROCFS_FD: host/procfs.h; it may show another pid namespace than the
 * caller's. PID was not waited for yet. *ERR names the file or
 * program that refused.
 */
int idmap_write(int procfs_fd, pid_t pid, const struct idmap *map, struct error *err) _must_check_;

/* A descriptor of a new user namespace with these mappings, for mount_setattr(2); needs privilege over the ids. */
int idmap_make_namespace(int procfs_fd, const struct idmap *map, int *ret_fd, struct error *err) _must_check_;

/* The same, with a new network namespace that it owns, in which the loopback link is up. */
int idmap_make_namespaces(int procfs_fd, const struct idmap *map, int *ret_fd, int *ret_network_fd, struct error *err) _must_check_;

#endif
