/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_compress.h"

#include "base/memory.h"
#include "base/str.h"
#include "transfer/tasks.h"

struct build_compress {
	struct sink downstream;
	enum compress_format format;
	int level;
	unsigned threads;
	bool has_written;
	uint8_t *in;        /* .threads blocks */
	size_t length;      /* of what is in them */
	struct buf *out;    /* for each block */
};

struct build_compress *build_compress_new(struct sink downstream, enum compress_format format, int level, unsigned threads)
{
	struct build_compress *c = memory_new(1, sizeof *c);

	c->downstream = downstream;
	c->format = format;
	c->level = level;
	c->threads = threads < 1 ? 1 : threads > BUILD_COMPRESS_THREAD_LIMIT ? BUILD_COMPRESS_THREAD_LIMIT : threads;
	/* Not touched before it is used: a small layer takes little. */
	c->in = memory_new(c->threads, BUILD_COMPRESS_BLOCK);
	c->out = memory_new(c->threads, sizeof *c->out);
	return c;
}

void build_compress_free(struct build_compress *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->threads; i++)
		buf_done(&c->out[i]);
	free(c->out);
	free(c->in);
	free(c);
}

static size_t length_of_block(const struct build_compress *c, size_t index)
{
	size_t left = c->length - index * BUILD_COMPRESS_BLOCK;

	return left < BUILD_COMPRESS_BLOCK ? left : BUILD_COMPRESS_BLOCK;
}

static int compress_block(void *context, size_t index, struct error *err)
{
	struct build_compress *c = context;
	_cleanup_compress_ struct compress *compress = compress_new_at(sink_to_buf(&c->out[index]), c->format, c->level);
	int r = sink_write(compress_sink(compress), c->in + index * BUILD_COMPRESS_BLOCK, length_of_block(c, index), err);

	return r < 0 ? r : compress_finish(compress, err);
}

static int write_blocks(struct build_compress *c, struct error *err)
{
	size_t count = (c->length + BUILD_COMPRESS_BLOCK - 1) / BUILD_COMPRESS_BLOCK;
	/* Nothing at all is one empty member. */
	const struct tasks tasks = { .count = count || c->has_written ? count : 1, .at_once = c->threads, .run = compress_block, .context = c };
	int r = tasks.count ? tasks_run(&tasks, err) : 0;

	for (size_t i = 0; r == 0 && i < tasks.count; i++) {
		if (c->out[i].length)
			r = sink_write(c->downstream, c->out[i].data, c->out[i].length, err);
		c->out[i].length = 0;
	}
	c->length = 0;
	c->has_written = true;
	return r;
}

static int write_to_blocks(void *context, const void *bytes, size_t length, struct error *err)
{
	struct build_compress *c = context;
	size_t room = c->threads * BUILD_COMPRESS_BLOCK;
	const uint8_t *at = bytes;
	int r = 0;

	if (c->format == COMPRESS_NONE)
		return sink_write(c->downstream, bytes, length, err);
	while (r == 0 && length) {
		size_t piece = length < room - c->length ? length : room - c->length;

		memcpy(c->in + c->length, at, piece);
		c->length += piece;
		at += piece;
		length -= piece;
		if (c->length == room)
			r = write_blocks(c, err);
	}
	return r;
}

struct sink build_compress_sink(struct build_compress *c)
{
	return (struct sink){ write_to_blocks, c };
}

int build_compress_finish(struct build_compress *c, struct error *err)
{
	return c->format == COMPRESS_NONE ? 0 : write_blocks(c, err);
}
