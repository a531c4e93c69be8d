/* SPDX-License-Identifier: Apache-2.0 */
/* An archive becomes files on one side. */
#ifndef BIVY_TRANSFER_FILES_TARGET_H
#define BIVY_TRANSFER_FILES_TARGET_H

#include "base/error.h"
#include "store/stream.h"
#include "transfer/files_side.h"

#include <stdint.h>

struct files_target {
	const struct files_side *side;
	const char *path;
	bool is_plain;      /* any archive, into the directory .path; else what files_send() made */
	bool is_content;    /* of files_send(): of what is in a directory */
	bool keeps_owners;
	bool replaces;      /* a directory may take the place of a file, and the other way round */
	bool keeps_privileges; /* set-id bits, attributes and devices: not from who is not trusted */
	/* Filled by files_target_open(). */
	struct arena *arena;
	int base_fd;        /* the directory in which all of it goes */
	const char *rename; /* of the first components of members; NULL: they stay */
	bool exists, is_directory, wants_directory;
};

#define FILES_TARGET_INIT ((struct files_target){ .base_fd = -EBADF })

/* Looks at what is there: everything will be written beneath .base_fd. */
int files_target_open(struct files_target *target, struct error *err) _must_check_;
void files_target_close(struct files_target *target);

/*
 * Unpacks the uncompressed archive. docker cp's rules: into a directory that is
 * there, else under the name given. Nothing is written through a link. Sets the
 * umask to 0. *RET_BYTES: of files' data.
 */
int files_receive(struct files_target *target, struct stream stream, uint64_t *ret_bytes, struct error *err) _must_check_;

#endif
