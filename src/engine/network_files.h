/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a network are, and their locks (networks.h has the layout and its invariants). For the modules network*.c alone. */
#ifndef BIVY_ENGINE_NETWORK_FILES_H
#define BIVY_ENGINE_NETWORK_FILES_H

#include "engine/networks.h"

#define NETWORK_DOCUMENT "network.json"

/* ROOT/networks, made if it is missing. */
int network_open_all(const struct directories *directories, int *ret_fd, struct error *err) _must_check_;

/* The same, and its file .lock (invariant 1); what killed commands left there is removed. Close *RET_LOCK_FD to release it. */
int network_lock_all(const struct directories *directories, int *ret_fd, int *ret_lock_fd, struct error *err) _must_check_;

/* NAME's record; -ENOENT or -ENOTDIR without one, -EBADMSG if it is damaged. */
int network_read_record(struct arena *arena, int networks_fd, const char *name, const struct spec_network **ret, struct error *err) _must_check_;

/* Writes the record of NETWORK under its name: -EEXIST, without a word, if there is one of that name. The lock is held. */
int network_write_record(int networks_fd, const struct spec_network *network, struct error *err) _must_check_;

/* The records that are there, sorted by name; the default one is not made. */
int network_read_all(struct arena *arena, const struct directories *directories, const struct spec_network ***ret, size_t *ret_count,
	struct error *err) _must_check_;

/* RUN_ROOT/networks/ID, in the arena. */
char *network_run_path(struct arena *arena, const struct directories *directories, const char *id);

/* RUN_ROOT/networks/ID/leases, made if it is missing. */
int network_open_leases(const struct directories *directories, const struct spec_network *network, int *ret_fd, struct error *err) _must_check_;

/*
 * Makes RUN_ROOT/networks/ID with leases/ and names/, if need be, and waits for its lock: OPERATION as flock(2)'s, LOCK_SH or LOCK_EX
 * (net/idle.h says which). ERROR_NOT_FOUND if the record is gone by then. Close *RET_FD to release it.
 */
int network_lock(const struct directories *directories, const struct spec_network *network, int operation, int *ret_fd, struct error *err)
	_must_check_;

#endif
