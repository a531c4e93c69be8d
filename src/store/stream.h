/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way: a stream is pulled from, block by block and without
 * copies; a sink is written to. Both are two words that are passed by value;
 * whoever made what they point to keeps it alive.
 */
#ifndef BIVY_STORE_STREAM_H
#define BIVY_STORE_STREAM_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct stream {
	/*
	 * The next bytes, one at least, valid until the next call; a length of 0
	 * is the end, and stays so. 0, or a negative errno with *err filled.
	 */
	int (*next)(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err);
	void *context;
};

struct sink {
	/* Takes all of BYTES. 0, or a negative errno with *err filled. */
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	void *context;
};

static inline _must_check_ int stream_next(struct stream stream, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	return stream.next(stream.context, ret_bytes, ret_length, err);
}

static inline _must_check_ int sink_write(struct sink sink, const void *bytes, size_t length, struct error *err)
{
	return sink.write(sink.context, bytes, length, err);
}

/* What a descriptor yields, up to its end. FD stays the caller's. */
struct stream_file {
	int fd;
	const int *stop_fd; /* when this becomes readable, waiting for FD ends with ECANCELED; or NULL */
	uint8_t *buffer; /* made with the first block */
};

struct stream stream_of_file(struct stream_file *file);
void stream_file_done(struct stream_file *file);
#define _cleanup_stream_file_ _cleanup_(stream_file_done)

/* Bytes in memory, in blocks of at most .block bytes (0: all at once). */
struct stream_memory {
	const uint8_t *bytes;
	size_t length;
	size_t block;
};

struct stream stream_of_memory(struct stream_memory *memory);

/* Reads STREAM to its end and forgets the bytes. */
int stream_drain(struct stream stream, struct error *err) _must_check_;

/*
 * Writes STREAM to SINK up to its end; or until more than LIMIT bytes have come:
 * the block that is too much is not written. *RET_LENGTH (or NULL): how many came.
 */
int stream_copy(struct stream stream, struct sink sink, uint64_t limit, uint64_t *ret_length, struct error *err) _must_check_;

/* Writes to the descriptor *FD. */
struct sink sink_to_file(const int *fd);

/* Appends to a struct buf. */
struct buf;
struct sink sink_to_buf(struct buf *buf);

#endif
