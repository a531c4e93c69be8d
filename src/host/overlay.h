/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlay mounts: directories one above the other, seen as one tree; what is
 * written goes into the uppermost. See overlayfs.rst of the kernel.
 */
#ifndef BIVY_HOST_OVERLAY_H
#define BIVY_HOST_OVERLAY_H

#include "base/error.h"
#include "host/idmap.h"

#include <stdbool.h>
#include <stddef.h>

/* The kernel takes no more (OVL_MAX_STACK). */
#define OVERLAY_LOWER_LIMIT 500

/* A mount as data: nothing of it is open yet. */
struct overlay {
	char *const *lowers; /* directories, the uppermost first; may be none */
	size_t lower_count;
	/*
	 * The directory with upper/ and work/ in it, as overlay_make_writable()
	 * makes them; no other mount may use them meanwhile. NULL: a mount to be
	 * read only.
	 */
	const char *writable;
	/*
	 * Who is who: a file of owner .inside in a layer is seen as .outside's, and
	 * a file that .outside writes is .inside's on disk. So one extracted copy of
	 * a layer serves any range of ids. NULL, or everybody himself: ids are what they are.
	 */
	const struct idmap *idmap;
	/* Marks are in user.overlay.*, not in trusted.overlay.*: all that a user namespace may write, and so always there. */
	bool has_user_marks;
	/*
	 * What is written need not survive a crash of the host: neither fsync(2) nor
	 * the mount's end waits for the disk ("volatile" of overlayfs.rst, 5.10).
	 * What such a mount has written is there for the next all the same.
	 */
	bool is_volatile;
};

/*
 * Makes upper/ and work/ in the directory PATH, the root of upper/ looking as
 * the mount's root shall: mode, owner, times and extended attributes of the
 * uppermost lower directory, if there is one. What is there already stays as it
 * is. ERROR_UNSUPPORTED for a file system that overlay cannot write to.
 */
int overlay_make_writable(const struct overlay *overlay, struct error *err) _must_check_;

/*
 * The mount, detached: attach it where it is wanted; closing it is all its undo.
 * *RET_MAPPING_FD, with a mapping: one more descriptor of the caller's, of no use but to
 * be closed, or -EBADF. The kernel lets who closes it last wait for a grace period of
 * RCU, which others may have more time for. NULL: it is closed at once.
 * Needs CAP_SYS_ADMIN in the user namespace of the caller's mount namespace; a
 * mapping also takes privilege over the file systems of all directories.
 * Before Linux 6.13, which takes descriptors, a child of its own mount namespace
 * does it, and the mount table names descriptors instead of directories.
 * PROCFS_FD: host/procfs.h; for the mapping. Errors say what to do.
 */
int overlay_mount(int procfs_fd, const struct overlay *overlay, int *ret_fd, int *ret_mapping_fd, struct error *err) _must_check_;

#endif
