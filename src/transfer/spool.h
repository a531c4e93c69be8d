/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that must be read twice, or from the middle, but come only once: they
 * wait in a file without a name in the store, which is gone with the process.
 */
#ifndef BIVY_TRANSFER_SPOOL_H
#define BIVY_TRANSFER_SPOOL_H

#include "store/store.h"
#include "store/stream.h"

/* An empty file for reading and writing. */
int spool_open(const struct store *store, int *ret_fd, struct error *err) _must_check_;

/* Reads STREAM to its end into the file FD, at its offset. *RET_LENGTH is how many bytes that were. */
int spool_add(int fd, struct stream stream, uint64_t *ret_length, struct error *err) _must_check_;

/* A part of a file, which nobody else needs to share the offset of. */
struct spool_part {
	int fd;          /* stays the caller's */
	uint64_t offset; /* of what comes next */
	uint64_t left;   /* how much comes at most: the file may end before */
	uint8_t *buffer; /* made with the first block */
};

struct stream spool_stream(struct spool_part *part);
void spool_part_done(struct spool_part *part);
#define _cleanup_spool_part_ _cleanup_(spool_part_done)

#endif
