/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a volume, ROOT/volumes/NAME/:
 *
 *   _data/       its files, or where they are mounted (volume_backing.h)
 *   image        the file system behind _data, if it has one of its own
 *   volume.json  spec/volume.h
 *   copying      its first content is being copied (volume.h)
 *
 * Invariants:
 *  1. It is made complete as ".new-NAME-PID", which its maker holds locked
 *     (flock), and renamed into place; of two makers one wins.
 *  2. Who fills it, mounts it, or takes it away holds flock(2) on its directory.
 *  3. A volume that the record of a container names is not removed. What is
 *     mounted in one goes first; then it is renamed to ".gone-NAME-PID", and
 *     that removed. A ".new-" or ".gone-" that nobody has locked is garbage.
 *  4. Numbers of projects are chosen under ROOT/volumes/.lock, until the record
 *     can be seen.
 */
#ifndef BIVY_ENGINE_VOLUME_RECORD_H
#define BIVY_ENGINE_VOLUME_RECORD_H

#include "base/memory.h"
#include "engine/directories.h"
#include "spec/container.h"
#include "spec/volume.h"

struct volume_record {
	struct arena *arena; /* owns what the document says */
	const struct directories *directories;
	const char *path; /* ROOT/volumes/NAME */
	int fd;           /* of it */
	bool is_for_removal; /* volume_record_open_for_removal() has opened it */
	struct spec_volume *volume;
};

#define VOLUME_RECORD_INIT ((struct volume_record){ .fd = -EBADF })

/* Whether NAME can be a volume's: two or more of [a-zA-Z0-9_.-], the first a letter or digit. */
int volume_check_name(const char *name, struct error *err) _must_check_;

/* The volume called NAME; ERROR_NOT_FOUND with the nearest name. */
int volume_record_open(struct arena *arena, const struct directories *directories, const char *name, struct volume_record *ret, struct error *err)
	_must_check_;
/* The same for who takes it away: of a damaged one only the name is known. */
int volume_record_open_for_removal(struct arena *arena, const struct directories *directories, const char *name, struct volume_record *ret,
	struct error *err) _must_check_;
void volume_record_close(struct volume_record *record);
#define _cleanup_volume_record_ _cleanup_(volume_record_close)

/* Waits for the lock (invariant 2); ERROR_NOT_FOUND if it was removed meanwhile. It ends with the record. */
int volume_record_lock(struct volume_record *record, struct error *err) _must_check_;

/*
 * Makes the volume that VOLUME describes, whose .created and .driver are filled
 * in; FILL, if it is not NULL, puts its files into it before it can be seen.
 * *RET_MADE false: there is one of that name.
 */
typedef int volume_record_fill(void *context, int data_fd, struct error *err);
int volume_record_make(struct arena *arena, const struct directories *directories, const struct spec_volume *volume, volume_record_fill *fill,
	void *context, bool *ret_made, struct error *err) _must_check_;

/* Replaces volume.json. */
int volume_record_save(const struct volume_record *record, struct error *err) _must_check_;

/* All of them, sorted by name, without those that cannot be read; each is closed after EACH. STOP at what is not 0. */
typedef int volume_record_each(void *context, struct volume_record *record, struct error *err);
int volume_record_visit(struct arena *arena, const struct directories *directories, volume_record_each *each, void *context, struct error *err)
	_must_check_;

/* Calls FOUND for each that cannot be read, with what is the matter with it. */
typedef int volume_record_damaged(void *context, const char *name, const struct error *damage, struct error *err);
int volume_record_find_damaged(const struct directories *directories, volume_record_damaged *found, void *context, struct error *err) _must_check_;

/* Writes a new record for a damaged volume that is a directory with files in it: 1. Of others nobody knows what they were: 0. */
int volume_record_mend(const struct directories *directories, const char *name, struct error *err) _must_check_;

/* The name of a container other than EXCEPT (an id, or NULL) that has the volume; *RET NULL: there is none. In ARENA. ERROR_CONFLICT (-EBADMSG) if that cannot be told. */
int volume_record_find_user(struct arena *arena, const struct directories *directories, const char *name, const char *except, const char **ret,
	struct error *err) _must_check_;

/* What is mounted for it (volume_backing.h) goes, if no container but EXCEPT (an id, or NULL) has it. The record is locked. */
int volume_record_release(struct volume_record *record, const char *except, struct error *err) _must_check_;

/* The same for the volume called NAME, if there is one. */
int volume_release(const struct directories *directories, const char *name, const char *except, struct error *err) _must_check_;

/* Removes the locked record with all its files, whoever uses it. */
int volume_record_remove(struct volume_record *record, struct error *err) _must_check_;

/* Finishes what was half made or half removed: FOUND (or NULL) is told of each; DRY_RUN only looks. 0 or -errno. */
int volume_record_sweep(const struct directories *directories, bool dry_run, void (*found)(void *context, const char *name), void *context)
	_must_check_;

/* What happened to a volume, as docker words it: "create", "destroy". */
void volume_event_add(const struct directories *directories, const char *name, const char *action);

/* That a container that runs has got MOUNT, of a volume ("mount"), or lost it ("unmount"); of others nothing is told. */
void volume_mount_event_add(const struct directories *directories, const struct spec_container_mount *mount, const char *container_id,
	const char *action);

#endif
