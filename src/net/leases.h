/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which address of a network: a symbolic link named by the address, in
 * the directory RUN_ROOT/networks/ID/leases, to the id of the container. symlink(2) makes it exclusively
 * and whole. An id of 64 hexadecimal digits stands there as '=' and base64, which fits into an inode of ext4
 * (59 bytes): a longer one has a block, which takes 100 times as long to free where that is discarded at once. A lease counts as long as its container runs; who finds one of a container that does not may take it over.
 */
#ifndef BIVY_NET_LEASES_H
#define BIVY_NET_LEASES_H

#include "net/subnets.h"

/* Whether the container ID runs or is being started: its lease counts. */
typedef bool net_lease_is_alive(void *context, const char *id);

/*
 * The address WANTED (its owner in the error if it is taken: ERROR_CONFLICT; ERROR_INVALID outside SUBNET), or if that is NULL the
 * next free one behind the one that was given out last in RANGE within SUBNET. Neither RESERVED ones are given (the gateway), nor the
 * first of a subnet, nor the last of one of version 4 (network and broadcast). DIR_FD: of leases/. ERROR_UNAVAILABLE: all are taken.
 * *RET has the prefix of SUBNET; *RET_NAME, the file's, is malloc()ed. What ID has already is its own: again is no error.
 */
int net_lease_take(int dir_fd, const struct net_subnet *subnet, const struct net_subnet *range, const struct net_subnet *reserved,
	size_t reserved_count, const struct net_subnet *wanted, const char *id, net_lease_is_alive *is_alive, void *context, struct net_subnet *ret,
	char **ret_name, struct error *err) _must_check_;

/* Whether WANTED can be somebody's at all: ERROR_INVALID, or ERROR_CONFLICT for a reserved one. Asks nobody. */
int net_lease_check(const struct net_subnet *subnet, const struct net_subnet *reserved, size_t reserved_count, const struct net_subnet *wanted,
	struct error *err) _must_check_;

#define NET_LEASE_OWNER_LIMIT 128

/* Whose NAME is; false, and "", if it is nobody's. */
bool net_lease_owner(int dir_fd, const char *name, char owner[static NET_LEASE_OWNER_LIMIT]);

/* Gives NAME back if it is ID's. */
int net_lease_release(int dir_fd, const char *name, const char *id) _must_check_;

/*
 * Makes all PATHS of leases (NULL: none), which are FROM's, those of TO, whose lease counts as well. -ESTALE: one is not FROM's. After a
 * failure some may be the one's, some the other's.
 */
int net_leases_give(char *const *paths, const char *from, const char *to) _must_check_;

/* net_lease_release() of all PATHS of leases (NULL: none), whose networks may be gone. Goes on after a failure; ERR has the first. */
int net_leases_release(char *const *paths, const char *id, struct error *err) _must_check_;

#endif
