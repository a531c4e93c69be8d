/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a container, and the rules that every module of the engine
 * keeps which touches one.
 *
 *   ROOT/containers/ID/             what lasts (0700)
 *     container.json                what was asked for (spec/container.h)
 *     state.json                    how it was left (spec/container_state.h); missing: never started
 *     root/                         upper/ and work/ of its root (host/overlay.h)
 *     log/                          what the log driver writes
 *     hosts hostname resolv.conf    files that are mounted in it, written for each start by a command
 *   ROOT/names/NAME                 a link to ../containers/ID (container_names.h)
 *   ROOT/volumes/NAME/              _data/ and volume.json
 *   RUN_ROOT/containers/ID/         while it has a supervisor, and until that is swept
 *     config.json supervise.json    the bundle, and what the supervisor is to do (spec/supervision.h)
 *     state.json lock supervisor    its state, its lock, its socket
 *   RUN_ROOT/runtime/ID/            the runtime's record (runtime/container.h)
 *   RUN_ROOT/ids                    a byte per range of ids, locked by who uses it (id_range.h)
 *   RUN_ROOT/waiting/ID/             sockets of who is to be attached at its start (waiters.h)
 *   RUN_ROOT/execs/ID/               processes that are executed in two steps (execs.h)
 *   RUN_ROOT/groups/ID              control groups may be there that no record of the runtime's names (seat_groups.h)
 *   RUN_ROOT/pool.lock pool.sock    of who prepares for the next one (pool.h), which keeps a ".new-ID" locked for it
 *   RUN_ROOT/turns                  of who starts one (turns.h)
 *   RUN_ROOT/events                 what happened (events.h)
 *
 * Invariants:
 *  1. containers/ID is made complete as ".new-ID", which its maker holds locked
 *     (flock) from before it reserves the name by symlink(2), and renamed into
 *     place: what can be seen is whole. A ".new-ID" that nobody has locked is
 *     garbage, and so is a name whose container is neither there nor being made.
 *  2. Whoever changes a record or starts its container holds flock(2) on
 *     containers/ID, exclusive; no command holds two, but in the order of ids.
 *     It is not held while a container runs, nor while somebody waits for one.
 *  3. A supervisor holds RUN_ROOT/containers/ID/lock (flock, exclusive; it
 *     waits for it, as who looks has it shared for an instant): as long as it
 *     does, that state.json counts and the supervisor alone writes it;
 *     afterwards the record's does. A state that says it is running, without a
 *     supervisor, ended by a crash or a reboot.
 *  4. Removal renames containers/ID to ".gone-ID", or ".gone-ID-volumes" if its
 *     anonymous volumes are to go, then removes the name, those, and the files;
 *     what is called so and not locked is finished by any command.
 *  5. container.json says which name counts: a names/NAME that another record
 *     carries is left from a `rename` that was killed.
 *  6. What needs an image takes a lease (store/lease.h) on its manifest and
 *     uppermost layer before it looks whether they are there, and keeps it until
 *     the record can be seen; store_sweep() is told the records' under its lock.
 */
#ifndef BIVY_ENGINE_CONTAINER_H
#define BIVY_ENGINE_CONTAINER_H

#include "base/error.h"
#include "engine/directories.h"
#include "spec/container.h"
#include "spec/container_state.h"

#include <stdbool.h>

struct container_cache;
struct survey;

struct container_record {
	struct arena *arena; /* owns what the documents say */
	const struct directories *directories;
	const char *path;     /* ROOT/containers/ID */
	const char *run_path; /* RUN_ROOT/containers/ID */
	int fd;               /* of .path; flock'd by container_record_lock() */
	struct spec_container *container;
	struct spec_container_state *state; /* as of container_record_open() or _refresh(); never NULL; .status tells what it is now */
	bool is_supervised;
	bool is_unsaved;     /* the lasting state says less than .state, which a supervisor could not write there */
	bool is_for_removal; /* container_record_open_for_removal() has opened it */
	struct survey *survey; /* which it is read for, or NULL */
	struct container_note *note; /* of one that is kept in a cache; else NULL */
};

/* What somebody has made of a record, for the next time it is found in the cache; who reads it knows by the key what it is. */
struct container_note {
	struct arena *arena; /* where it and its texts are */
	unsigned key;        /* 0: nothing yet */
	const char *texts[2];
};

/*
 * The container that a user calls TEXT: a name, an id, or the beginning of one
 * that no other has. ERROR_NOT_FOUND "no such container 'x'" with the nearest
 * name as hint, ERROR_CONFLICT if several ids begin so.
 */
int container_record_open(struct arena *arena, const struct directories *directories, const char *text, struct container_record *ret, struct error *err)
	_must_check_;
/*
 * The same for who takes it away: what of its documents is damaged is as if it
 * had never been said. The container has an id then, and the name that is its
 * (else its id is its name), and the state is that of one that never ran.
 */
int container_record_open_for_removal(struct arena *arena, const struct directories *directories, const char *text, struct container_record *ret,
	struct error *err) _must_check_;
void container_record_close(struct container_record *record);
#define _cleanup_container_record_ _cleanup_(container_record_close)

/* Waits for the lock (invariant 2) and reads both documents anew; ERROR_NOT_FOUND if it was removed meanwhile. */
int container_record_lock(struct container_record *record, struct error *err) _must_check_;
void container_record_unlock(struct container_record *record);

/* Reads the state anew. */
int container_record_refresh(struct container_record *record, struct error *err) _must_check_;

/* Waits until the supervisor that it has now, if any, is gone, which it is about to be. Reads nothing. */
int container_record_wait_gone(const struct container_record *record, struct error *err) _must_check_;

/*
 * Of a record that is open for removal, under the lock: if its container.json can be read, and it has no supervisor, its state can be
 * afterwards, too: 1. Else 0.
 */
int container_record_mend_state(struct container_record *record, struct error *err) _must_check_;

/* Replaces container.json or the lasting state.json; under the lock. */
int container_record_save(const struct container_record *record, struct error *err) _must_check_;
int container_record_save_state(const struct container_record *record, struct error *err) _must_check_;

/* All containers; damaged records are logged and left out. STOP at what is not 0. The record is closed after EACH. */
typedef int container_record_each(void *context, struct container_record *record, struct error *err);
int container_record_visit(struct arena *arena, const struct directories *directories, container_record_each *each, void *context, struct error *err)
	_must_check_;
/* The same for who takes away what no container needs: a damaged record is ERROR_CONFLICT, as nobody can tell what it needs. */
int container_record_visit_whole(struct arena *arena, const struct directories *directories, container_record_each *each, void *context,
	struct error *err) _must_check_;

/* Between the two: a record whose content is damaged is left out, one that could not be read is an error, for it may be needed. */
int container_record_visit_read(struct arena *arena, const struct directories *directories, container_record_each *each, void *context, struct error *err)
	_must_check_;

/* Calls FOUND for each damaged record, with its id and what is the matter with it. */
typedef int container_record_damaged(void *context, const char *id, const struct error *damage, struct error *err);
int container_record_find_damaged(const struct directories *directories, container_record_damaged *found, void *context, struct error *err) _must_check_;

/*
 * container_record_visit() in a fraction of the time, for who only wants to know what they say:
 * a record has no .fd, can be neither locked nor refreshed, and with its arena
 * is gone after EACH. With CACHE (or NULL) what has not changed since the last
 * survey with it is not read again.
 */
int container_record_survey(const struct directories *directories, struct container_cache *cache, container_record_each *each, void *context,
	struct error *err) _must_check_;

#endif
