/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content by digest. A blob comes into being in partial/ under its digest's
 * name, grows, survives its process's death there to be gone on with, and is
 * renamed into blobs/ once who wrote it has verified it. This module computes
 * no digests: it is part of programs that link no such library.
 */
#ifndef BIVY_STORE_BLOBS_H
#define BIVY_STORE_BLOBS_H

#include "base/str.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the blob is there with SIZE bytes (UINT64_MAX: any size). */
bool blob_exists(const struct store *store, const char *digest, uint64_t size);

/* Opens it for reading. ERROR_NOT_FOUND without it, ERROR_INVALID for a digest that blobs cannot have. */
int blob_open(const struct store *store, const char *digest, int *ret_fd, uint64_t *ret_size, struct error *err) _must_check_;

/* Appends all of it to *OUT; ERROR_INVALID if it is longer than LIMIT bytes. */
int blob_read(const struct store *store, const char *digest, size_t limit, struct buf *out, struct error *err) _must_check_;

/* A blob that is being written. */
struct blob_writer {
	const struct store *store;
	char *digest;
	char *name;      /* in partial/ */
	int fd;          /* read and write; at its end */
	uint64_t length; /* bytes that were there already when it was opened */
};

#define BLOB_WRITER_INIT ((struct blob_writer){ .fd = -EBADF })

/*
 * Opens the partial blob, with what an earlier attempt left in it: that was
 * never verified, so that who goes on with it has to read it too. ERROR_BUSY
 * if another process is writing it right now; one that did may have finished
 * since the caller looked: look again afterwards. The store must outlive *RET.
 */
int blob_begin(const struct store *store, const char *digest, struct blob_writer *ret, struct error *err) _must_check_;

/* Forgets what was written so far: the file is empty. */
int blob_restart(struct blob_writer *writer, struct error *err) _must_check_;

/*
 * The blob is complete, and the caller has seen that its bytes have that
 * digest. Ends the writer. Not synced to disk: image_put() does that.
 */
int blob_commit(struct blob_writer *writer, struct error *err) _must_check_;

/* Ends the writer; what was written stays for a later attempt. */
void blob_pause(struct blob_writer *writer);

/* Ends the writer and removes what was written. */
void blob_abort(struct blob_writer *writer);

#define _cleanup_blob_writer_ _cleanup_(blob_pause)

/* Puts LENGTH bytes, whose digest the caller has computed, in one go. It may be there already. */
int blob_put(const struct store *store, const char *digest, const void *bytes, size_t length, struct error *err) _must_check_;

/*
 * The file FD, which has no name (O_TMPFILE, on the store's file system) and
 * whose bytes have that digest, becomes the blob; or a copy of it, where such a
 * file cannot get one. It may be there already.
 */
int blob_adopt(const struct store *store, const char *digest, int fd, struct error *err) _must_check_;

/* Removes it, under the exclusive lock "content"; no error if it is not there. Adds what it took on disk to *FREED_BYTES. 0 or -errno. */
int blob_remove(const struct store *store, const char *digest, uint64_t *freed_bytes) _must_check_;

/* Calls EACH for all blobs in no order; stops at and returns what is not 0. */
struct stat;
typedef int blob_each(void *context, const char *digest, const struct stat *status);
int blob_list(const struct store *store, blob_each *each, void *context) _must_check_;

#endif
