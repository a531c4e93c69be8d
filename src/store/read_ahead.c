/* SPDX-License-Identifier: Apache-2.0 */
#include "store/read_ahead.h"

#include "base/memory.h"
#include "store/digest.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>

#define BLOCKS 4
#define BLOCK_SIZE ((size_t)256 << 10)

struct block {
	uint8_t *bytes;
	size_t length; /* 0: the end, or the error */
};

/*
 * A ring with one writer, one reader, and one who digests. .written counts the
 * blocks that are complete, .released those that the reader is done with, and
 * .digested likewise; all only grow, under the lock. A block that is complete,
 * but not yet done with by both, is theirs; any other the writer's.
 */
struct read_ahead {
	struct stream upstream;
	struct stream_file *file; /* or NULL */
	struct digest *digest;    /* or NULL */
	int stop_fd;
	struct block blocks[BLOCKS];
	pthread_t thread, digest_thread;
	bool has_thread, has_digest_thread; /* without the latter the writer digests, too */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t written, released, digested;
	bool stopped; /* the reader has had enough */
	int result; /* of the upstream; valid with the block of length 0 */
	struct error err;

	uint64_t taken; /* by the reader, who alone knows it */
};

/* With the lock. */
static bool has_room(const struct read_ahead *ahead)
{
	return ahead->written - ahead->released < BLOCKS && (!ahead->has_digest_thread || ahead->written - ahead->digested < BLOCKS);
}

/* The writer's next block, once there is room; NULL: nobody wants it. */
static struct block *wait_for_room(struct read_ahead *ahead)
{
	bool stopped;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stopped && !has_room(ahead))
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	stopped = ahead->stopped;
	pthread_mutex_unlock(&ahead->lock);
	return stopped ? NULL : &ahead->blocks[ahead->written % BLOCKS];
}

static void count(struct read_ahead *ahead, uint64_t *counter)
{
	pthread_mutex_lock(&ahead->lock);
	(*counter)++;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
}

/* Copies BYTES into as many blocks as they take. Without any, the block that says so. False: nobody wants them. */
static bool hand_over(struct read_ahead *ahead, const uint8_t *bytes, size_t length)
{
	do {
		struct block *block = wait_for_room(ahead);

		if (!block)
			return false;
		block->length = length < BLOCK_SIZE ? length : BLOCK_SIZE;
		if (block->length)
			memcpy(block->bytes, bytes, block->length);
		if (ahead->digest && !ahead->has_digest_thread)
			digest_add(ahead->digest, block->bytes, block->length);
		bytes += block->length;
		length -= block->length;
		count(ahead, &ahead->written);
	} while (length);
	return true;
}

static void *run(void *context)
{
	struct read_ahead *ahead = context;
	const uint8_t *bytes = NULL;
	size_t length = 0;
	bool more;

	do {
		ahead->result = stream_next(ahead->upstream, &bytes, &length, &ahead->err);
		if (ahead->result < 0)
			length = 0;
		more = hand_over(ahead, bytes, length) && length;
	} while (more);
	return NULL;
}

/* The next block to be digested, once it is complete; NULL: nobody wants to know. */
static struct block *wait_to_digest(struct read_ahead *ahead)
{
	bool stopped;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->stopped && ahead->written == ahead->digested)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	stopped = ahead->stopped;
	pthread_mutex_unlock(&ahead->lock);
	return stopped ? NULL : &ahead->blocks[ahead->digested % BLOCKS];
}

static void *run_digest(void *context)
{
	struct read_ahead *ahead = context;
	struct block *block;
	bool more = true;

	while (more && (block = wait_to_digest(ahead))) {
		more = block->length;
		digest_add(ahead->digest, block->bytes, block->length);
		count(ahead, &ahead->digested);
	}
	return NULL;
}

/* All is in the digest before the reader hears of the end. */
static void wait_for_digest(struct read_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	while (ahead->has_digest_thread && ahead->digested != ahead->written)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	pthread_mutex_unlock(&ahead->lock);
}

static int pull(struct read_ahead *ahead, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	int r = stream_next(ahead->upstream, ret_bytes, ret_length, err);

	if (r == 0 && ahead->digest)
		digest_add(ahead->digest, *ret_bytes, *ret_length);
	return r;
}

static int next_of_read_ahead(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct read_ahead *ahead = context;
	struct block *block;

	if (!ahead->has_thread)
		return pull(ahead, ret_bytes, ret_length, err);
	pthread_mutex_lock(&ahead->lock);
	/* What the reader got last time is free now. */
	ahead->released = ahead->taken;
	pthread_cond_broadcast(&ahead->changed);
	while (ahead->written == ahead->taken)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	pthread_mutex_unlock(&ahead->lock);
	block = &ahead->blocks[ahead->taken % BLOCKS];
	*ret_bytes = block->bytes;
	*ret_length = block->length;
	/* The last block stays: the end is the end each time. */
	if (block->length) {
		ahead->taken++;
		return 0;
	}
	wait_for_digest(ahead);
	if (ahead->result < 0 && err)
		*err = ahead->err;
	return ahead->result;
}

struct read_ahead *read_ahead_new(struct stream upstream, struct digest *digest, struct stream_file *file)
{
	struct read_ahead *ahead = memory_new(1, sizeof *ahead);

	ahead->upstream = upstream;
	ahead->digest = digest;
	ahead->file = file;
	ahead->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (file && ahead->stop_fd >= 0)
		file->stop_fd = &ahead->stop_fd;
	for (size_t i = 0; i < BLOCKS; i++)
		ahead->blocks[i].bytes = memory_new(1, BLOCK_SIZE);
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	/* Whether there is one is known before the writer begins. */
	ahead->has_digest_thread = digest && pthread_create(&ahead->digest_thread, NULL, run_digest, ahead) == 0;
	/* One that could not be ended must not begin. */
	ahead->has_thread = ahead->stop_fd >= 0 && pthread_create(&ahead->thread, NULL, run, ahead) == 0;
	return ahead;
}

/* The writer waits for room or for bytes, and hears of it in both. */
static void end_threads(struct read_ahead *ahead)
{
	if (ahead->has_thread)
		ignore_result(eventfd_write(ahead->stop_fd, 1)); /* cannot fail: it is below its limit */
	pthread_mutex_lock(&ahead->lock);
	ahead->stopped = true;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	if (ahead->has_thread)
		pthread_join(ahead->thread, NULL);
	if (ahead->has_digest_thread)
		pthread_join(ahead->digest_thread, NULL);
}

void read_ahead_free(struct read_ahead *ahead)
{
	if (!ahead)
		return;
	end_threads(ahead);
	if (ahead->file)
		ahead->file->stop_fd = NULL;
	cleanup_close(&ahead->stop_fd);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	for (size_t i = 0; i < BLOCKS; i++)
		free(ahead->blocks[i].bytes);
	free(ahead);
}

struct stream read_ahead_stream(struct read_ahead *ahead)
{
	return (struct stream){ next_of_read_ahead, ahead };
}
