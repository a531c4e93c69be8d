/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts, built detached and attached by descriptor: fsopen, open_tree,
 * mount_setattr, move_mount (Linux 5.2 and 5.12). Until it is attached nobody
 * sees a mount, and closing its descriptor is all its undo.
 *
 * Flags are mount(2)'s MS_*; attributes are mount_setattr(2)'s MOUNT_ATTR_*.
 * All functions need CAP_SYS_ADMIN in the user namespace that owns the
 * caller's mount namespace, return 0 or -errno, and leave ret_* untouched on
 * failure; descriptors are CLOEXEC.
 */
#ifndef BIVY_HOST_MOUNT_H
#define BIVY_HOST_MOUNT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct mount_request {
	const char *type;    /* "tmpfs" */
	const char *source;  /* what the mount table shows, or a device; NULL: none */
	unsigned long flags; /* MS_RDONLY, MS_NOSUID, MS_SYNCHRONOUS, ... */
	const char *data;    /* "size=1m,mode=755"; NULL: none */
};

/*
 * A new detached mount. *ERR gets the kernel's own reason where it gives one
 * ("tmpfs: Unknown parameter 'x'"). An option too long for fsconfig(2) makes it
 * take the way of mount(2), over the root of the caller's mount namespace and
 * away again: then that namespace must be private to the caller.
 */
int mount_new_filesystem(const struct mount_request *request, int *ret_fd, struct error *err) _must_check_;

/* Changes a mounted file system, and its mount, by a descriptor of its root: `mount -o remount`. */
int mount_remount(int mount_fd, const struct mount_request *request, unsigned long clear_flags, struct error *err) _must_check_;

/* A detached copy of the mount that PATH (may be "": DIRFD itself) lies on, with that as its root. Follows links in PATH. */
int mount_clone_tree(int dirfd, const char *path, bool recursive, int *ret_fd) _must_check_;

struct mount_attributes {
	uint64_t set, clear;  /* MOUNT_ATTR_* */
	unsigned propagation; /* one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: as it is */
	int userns_fd;        /* for MOUNT_ATTR_IDMAP */
	bool recursive;
};

/* Changes the mount MOUNT_FD, which is the root of one. Does nothing if there is nothing to change. */
int mount_set_attributes(int mount_fd, const struct mount_attributes *attributes) _must_check_;

/* MS_RDONLY and so on to MOUNT_ATTR_*; only what belongs to a mount, not to the file system. */
uint64_t mount_attributes_of_flags(unsigned long flags);

/* Attaches the detached MOUNT_FD on top of what TARGET_FD (O_PATH) is. -ENOTDIR if one is a directory and the other not. */
int mount_attach(int mount_fd, int target_fd) _must_check_;
/* The same on NAME in the directory TARGET_FD, no link followed; on TARGET_FD itself for "". */
int mount_attach_at(int mount_fd, int target_fd, const char *name) _must_check_;

/* Whether something is mounted on NAME of the directory DIRFD, no link followed; "": whether DIRFD is the root of a mount. */
bool mount_is_root_at(int dirfd, const char *name);

/* Takes away all that is mounted on NAME of the directory DIRFD, no link followed; lazily: who uses it keeps it. Needs /proc. */
int mount_detach_at(int dirfd, const char *name) _must_check_;

/* mount(2) with MS_* propagation flags (MS_REC too) on PATH, without following what is stacked on it. */
int mount_set_propagation(const char *path, unsigned long flags) _must_check_;

#endif
