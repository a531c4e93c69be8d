/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's archive becomes files in a directory (OCI image-spec, layer.md).
 *
 * The archive is a stranger's. Every name resolves beneath the directory
 * without following a symbolic link, of whichever layer; what would lead out,
 * through a link, or into overlay's own bookkeeping is refused with the
 * member's name. After an error the directory holds a part of the layer, and is
 * good for nothing but removal.
 */
#ifndef BIVY_STORE_LAYER_APPLY_H
#define BIVY_STORE_LAYER_APPLY_H

#include "base/error.h"
#include "store/stream.h"

enum layer_form {
	/*
	 * Into an empty directory of its own, as a layer of an overlay mount:
	 * hidden files become character devices 0:0, opaque directories have the
	 * attribute trusted.overlay.opaque.
	 */
	LAYER_FORM_OVERLAY,
	/* The same with user.overlay.opaque, for mounts with userxattr. */
	LAYER_FORM_OVERLAY_USER,
	/* Over the layers below it, which have been applied to this directory: what is hidden is removed. */
	LAYER_FORM_FLAT,
};

struct layer_limits {
	uint64_t members;
	uint64_t bytes;      /* of all files' data */
	uint64_t name_bytes; /* of the names that have to be remembered */
};

/* More than any image that people build. */
#define LAYER_LIMITS ((struct layer_limits){ \
	.members = 20000000, .bytes = (uint64_t)1 << 40, .name_bytes = (uint64_t)1 << 30 })

struct layer_report {
	uint64_t members;
	uint64_t bytes;       /* of all files' data, holes not counted */
	uint64_t lost_xattrs; /* that the file system or the kernel did not take */
	/*
	 * Directories that the archive has no member for, outermost first,
	 * NULL-terminated; made with 0755 and the process's owner. In an overlay
	 * form layer_parents_adopt() gives them what the layers below say.
	 */
	char **implied;
};

void layer_report_done(struct layer_report *report);
#define _cleanup_layer_report_ _cleanup_(layer_report_done)

/*
 * Applies the uncompressed archive to the directory DIRECTORY_FD (opened for
 * reading), and reads STREAM to its end. Sets the umask of the process to 0,
 * for good: it belongs to all threads, so no two of them could take turns.
 * Needs /proc. *RET is filled on success.
 */
int layer_apply(int directory_fd, struct stream stream, enum layer_form form, const struct layer_limits *limits, struct layer_report *ret,
	struct error *err) _must_check_;

#endif
