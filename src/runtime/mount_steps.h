/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out the mounts of a plan: file systems, binds, remounts. */
#ifndef BIVY_RUNTIME_MOUNT_STEPS_H
#define BIVY_RUNTIME_MOUNT_STEPS_H

#include "runtime/mount_plan.h"
#include "runtime/rootfs.h"

/*
 * Opens what a bind or a bound device shows, as a detached mount in
 * step->mount_fd with its attributes, mappings and propagation. -EPERM and
 * -EACCES are returned with *err filled: another process may have the right.
 */
int mount_step_open_source(const struct rootfs *rootfs, struct mount_step *step, struct error *err) _must_check_;

/*
 * The path inside the root of what a bind shows, or NULL: a source below the
 * root means what earlier mounts have put there, as with runc, so it can only
 * be opened in init and at its turn. Links in it stay inside the root.
 */
const char *mount_step_source_in_root(const struct rootfs *rootfs, const struct mount_step *step);

/* FILESYSTEM, BIND and REMOUNT, in init. */
int mount_step_run(struct rootfs *rootfs, struct mount_step *step, struct error *err) _must_check_;

/* What a mount can be put on. */
enum destination_kind { DESTINATION_DIRECTORY, DESTINATION_FILE };

/*
 * Opens (O_PATH) the destination of a mount inside the root, made if it is
 * missing, and checks what it turned out to be: not the root, and nothing of
 * procfs that must stay as it is. *ret_made (may be NULL): it did not exist.
 */
int mount_step_open_destination(const struct rootfs *rootfs, const struct mount_step *step, enum destination_kind kind, int *ret_fd, bool *ret_made, struct error *err) _must_check_;

/* What a mount of the host's propagates by default once it is in the container, from linux.rootfsPropagation. MS_*, 0: as on the host. */
unsigned mount_default_propagation(const struct spec_config *config);

#endif
