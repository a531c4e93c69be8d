/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream that another thread pulls from ahead of its reader, and a third one
 * digests: reading and decompressing, digesting, and writing files go on beside
 * each other. At most 1 MiB is held.
 */
#ifndef BIVY_STORE_READ_AHEAD_H
#define BIVY_STORE_READ_AHEAD_H

#include "store/stream.h"

struct digest;
struct read_ahead;

/*
 * Starts the threads. UPSTREAM, and what it pulls from, belong to them until the
 * end of the stream, or the error, has been read, or until read_ahead_free(); so
 * does DIGEST (or NULL), to which all that passes is added. FILE, at the far end
 * of UPSTREAM, may be where it waits for bytes: its .stop_fd is set for as long.
 * NULL if it waits nowhere. Without a thread to be had, another one does its work.
 */
struct read_ahead *read_ahead_new(struct stream upstream, struct digest *digest, struct stream_file *file);

/* Ends the threads, even one that waits for bytes. */
void read_ahead_free(struct read_ahead *ahead);

struct stream read_ahead_stream(struct read_ahead *ahead);

DEFINE_CLEANUP(struct read_ahead *, read_ahead_free)
#define _cleanup_read_ahead_ _cleanup_(cleanup_read_ahead_free)

#endif
