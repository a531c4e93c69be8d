/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a container's record to what a supervisor runs: the root mounted, users
 * looked up in it, volumes filled, and the OCI bundle with supervise.json
 * written into the volatile directory.
 */
#ifndef BIVY_ENGINE_BUNDLE_H
#define BIVY_ENGINE_BUNDLE_H

#include "engine/container.h"
#include "engine/seat.h"
#include "spec/supervision.h"

struct bundle {
	int root_fd;     /* the root, a detached mount; -EBADF: root.path of config.json (--rootfs) */
	int id_range_fd; /* holds the range of ids (id_range.h), to be inherited by the supervisor; -EBADF: none */
	int user_fd, network_fd; /* namespaces that are the container's, with its links (seat.h); -EBADF: new ones */
	bool has_groups; /* the container's control groups are there (seat_groups.h) */
	int mapping_fd;  /* of overlay_mount(): the supervisor has time to be the last that closes it; -EBADF: none */
};

#define BUNDLE_INIT ((struct bundle){ .root_fd = -EBADF, .id_range_fd = -EBADF, .mapping_fd = -EBADF, .user_fd = -EBADF, .network_fd = -EBADF })

/*
 * Makes RUN_ROOT/containers/ID with all that belongs into it, for RECORD, which
 * is locked. Exit statuses of errors as docker's. What is made lies in that
 * directory alone, but volumes, which stay. Undo: bundle_remove(). SEAT is the record's, what of it is used is used up; or NULL.
 */
int bundle_make(struct container_record *record, struct seat *seat, void (*warn)(void *context, const char *text), void *context, struct bundle *ret, struct error *err)
	_must_check_;
void bundle_done(struct bundle *bundle);

/* Removes the volatile directory; no error if it is gone. */
int bundle_remove(const struct container_record *record, struct error *err) _must_check_;

/* Only the root, for `cp`, `diff`, `export` and `commit` of a container that is not running: as on disk, or as the range IDS sees it. */
int bundle_mount_root(struct container_record *record, int *ret_fd, struct error *err) _must_check_;

struct spec_mount;
struct spec_config;

/*
 * Adds MOUNT to the documents of a container that has a supervisor: to CONFIG and
 * SUPERVISION, as they are read from its volatile directory. Its volume is made
 * and filled. *RET_GIVEN: as the supervisor is told of it, or NULL if it is not.
 */
int bundle_add_mount_later(struct container_record *record, struct spec_config *config, struct spec_supervision *supervision,
	const struct spec_container_mount *mount, void (*warn)(void *context, const char *text), void *context, const struct spec_mount **ret_mount,
	const struct spec_supervision_mount **ret_given, struct error *err) _must_check_;

/* Likewise, a node like that of DEVICE, which is made, and bound; who takes it away again removes it (*RET_MOUNT has its path). No rule for it. */
int bundle_add_device_later(struct container_record *record, struct spec_config *config, const struct spec_supervision *supervision,
	const struct spec_container_device *device, const struct spec_mount **ret_mount, struct error *err) _must_check_;

/* Whether what RECORD asks for can be had at all: everything that can be refused without starting it, at `create`. */
int bundle_check(const struct spec_container *container, void (*warn)(void *context, const char *text), void *context, struct error *err) _must_check_;

#endif
