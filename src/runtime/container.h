/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a container: one directory ROOT/ID.
 *
 *   config.json   a copy of the bundle's, as it was (update writes the new limits into it)
 *   state.json    spec_state: what else a later command must know
 *   init          an empty file; see 4
 *   start         the unix socket on which a created init waits
 *   notify/       the directory of NOTIFY_SOCKET, if one was asked for
 *
 * Invariants
 * 1. The name is reserved by renaming a complete directory into place with
 *    RENAME_NOREPLACE: a record that can be seen has config.json and a
 *    state.json that names every control group before the first one is made.
 *    What a killed creator leaves is ".new-…", what a killed deleter leaves is
 *    ".gone-…": both are swept by the next create (runtime_sweep()).
 * 2. state.json is only ever replaced by rename.
 * 3. Whoever changes the record or its container holds flock(2) on the
 *    directory.
 * 4. `init` is locked (flock) by an open file that the creator has and init
 *    inherits with CLOEXEC: locked means that the container's program has not
 *    been executed yet; the kernel lets go when it is, or when both die. So
 *    the status needs no file that a killed process could fail to remove:
 *
 *      locked, no pid in state.json   creating
 *      locked, init alive             created
 *      not locked, init alive         running, or paused by its freezer
 *      else                           stopped
 * 5. init is alive if the process of state.json's pid has state.json's start
 *    time and is no zombie: a number that was given to somebody else is not it.
 */
#ifndef BIVY_RUNTIME_CONTAINER_H
#define BIVY_RUNTIME_CONTAINER_H

#include "base/error.h"
#include "base/memory.h"
#include "host/cgroup.h"
#include "runtime/verbs.h"
#include "spec/config.h"
#include "spec/state.h"

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

struct container {
	struct arena *arena;         /* owns state and config */
	const struct runtime *runtime;
	int dir_fd;                  /* the record, flock'd by container_lock */
	struct spec_state *state;
	struct spec_config *config;
	struct cgroup_set groups;    /* opened by container_open_groups */
	bool groups_are_open;
	int pidfd;                   /* of init, or -EBADF if it is not alive; set by container_status */
};

#define CONTAINER_INIT ((struct container){ .dir_fd = -EBADF, .pidfd = -EBADF })

/* The words of the OCI state: "creating", … */
const char *container_status_name(enum container_status status);

/* -EINVAL with words if ID cannot name a container. */
int container_check_id(const char *id, struct error *err) _must_check_;

/* Loads the record of ID. ERROR_NOT_FOUND if there is none. Undo: container_done. */
int container_load(const struct runtime *runtime, const char *id, struct container *ret, struct error *err) _must_check_;
void container_done(struct container *container);
#define _cleanup_container_ _cleanup_(container_done)

/* Waits for the lock of the record and loads state.json anew. */
int container_lock(struct container *container, struct error *err) _must_check_;

/* What it is now; opens pidfd if init is alive. Never fails: what cannot be seen is stopped. */
enum container_status container_status(struct container *container);

/* How long the processes and groups of a container that is removed may take to go. */
#define CONTAINER_GONE_TIMEOUT_MS 10000

/* Removes the groups of a container, within CONTAINER_GONE_TIMEOUT_MS. */
int container_remove_groups(struct cgroup_set *groups, struct error *err) _must_check_;

/* Opens the groups named in the record. */
int container_open_groups(struct container *container, struct error *err) _must_check_;

/*
 * Makes the record under its final name from STATE (complete, pid 0) and
 * CONFIG_TEXT, and takes both locks: *ret_dir_fd has the record's, *ret_init_fd
 * the one of `init`. ERROR_CONFLICT if the id is taken.
 */
int container_reserve(const struct runtime *runtime, const struct spec_state *state, const char *config_text, size_t config_length,
	int *ret_dir_fd, int *ret_init_fd, struct error *err) _must_check_;

/* Whether DIR_FD is the record of ID, still. */
bool container_is_recorded(const struct runtime *runtime, const char *id, int dir_fd) _must_check_;

/* Replaces state.json. */
int container_save_state(int dir_fd, const struct spec_state *state, struct error *err) _must_check_;

/*
 * The record is none any more, at once: half of one could not be read, and its id would stay taken. Its files are ".gone-PID" with the
 * number of this process, until that removes them, or a sweep. No error if it is gone.
 */
int container_retire_record(const struct runtime *runtime, const char *id, struct error *err) _must_check_;
void container_remove_retired(const struct runtime *runtime);

/* Both. */
int container_remove_record(const struct runtime *runtime, const char *id, struct error *err) _must_check_;

/* Fills the OCI state of hooks and of `state`. */
void container_describe(const struct container *container, enum container_status status, struct spec_oci_state *ret);

#endif
