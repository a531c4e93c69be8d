/* SPDX-License-Identifier: Apache-2.0 */
#include "store/compress.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#define GZIP_LEVEL 2
#else
#define GZIP_LEVEL 6
#endif
#define ZSTD_LEVEL 3

#define OUT_SIZE ((size_t)256 << 10)
/* What the libraries are given at once: ISA-L's output depends on it. */
#define IN_SIZE ((size_t)256 << 10)

struct compress {
	struct sink downstream;
	enum compress_format format;
	int level; /* 0: the default */
#ifdef HAVE_ISAL
	struct isal_zstream gzip;
	uint8_t *level_buffer;
#else
	z_stream gzip;
#endif
	ZSTD_CCtx *zstd;
	uint8_t *in, *out;
	size_t in_length;
};

/* The libraries fail here only without memory: their parameters are ours. */
static void must(bool succeeded)
{
	if (!succeeded)
		abort();
}

static int put(struct compress *c, size_t length, struct error *err)
{
	return length ? sink_write(c->downstream, c->out, length, err) : 0;
}

/* ---- gzip ---------------------------------------------------------------------------- */

#ifdef HAVE_ISAL

static void gzip_begin(struct compress *c)
{
	/* It has three levels where others have nine. */
	unsigned level = c->level == 0 ? GZIP_LEVEL : c->level < 4 ? 1 : c->level < 7 ? 2 : 3;
	unsigned size = level == 1 ? ISAL_DEF_LVL1_DEFAULT : level == 2 ? ISAL_DEF_LVL2_DEFAULT : ISAL_DEF_LVL3_DEFAULT;

	isal_deflate_init(&c->gzip);
	c->level_buffer = memory_new(1, size);
	c->gzip.level = level;
	c->gzip.level_buf = c->level_buffer;
	c->gzip.level_buf_size = size;
	c->gzip.gzip_flag = IGZIP_GZIP;
}

static int gzip_write(struct compress *c, const uint8_t *bytes, size_t length, bool last, struct error *err)
{
	int r = 0;

	c->gzip.next_in = (uint8_t *)bytes;
	c->gzip.avail_in = (uint32_t)length;
	c->gzip.end_of_stream = last;
	do {
		c->gzip.next_out = c->out;
		c->gzip.avail_out = OUT_SIZE;
		must(isal_deflate(&c->gzip) == COMP_OK);
		r = put(c, OUT_SIZE - c->gzip.avail_out, err);
	} while (r >= 0 && (c->gzip.avail_in || c->gzip.avail_out == 0 || (last && c->gzip.internal_state.state != ZSTATE_END)));
	return r;
}

static void gzip_end(struct compress *c)
{
	free(c->level_buffer);
}

#else

static void gzip_begin(struct compress *c)
{
	must(deflateInit2(&c->gzip, c->level == 0 ? GZIP_LEVEL : c->level < 9 ? c->level : 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
}

static int gzip_write(struct compress *c, const uint8_t *bytes, size_t length, bool last, struct error *err)
{
	int r, result;

	c->gzip.next_in = (uint8_t *)bytes;
	c->gzip.avail_in = (unsigned)length;
	do {
		c->gzip.next_out = c->out;
		c->gzip.avail_out = OUT_SIZE;
		result = deflate(&c->gzip, last ? Z_FINISH : Z_NO_FLUSH);
		must(result != Z_STREAM_ERROR);
		r = put(c, OUT_SIZE - c->gzip.avail_out, err);
	} while (r >= 0 && (last ? result != Z_STREAM_END : c->gzip.avail_out == 0));
	return r;
}

static void gzip_end(struct compress *c)
{
	deflateEnd(&c->gzip);
}

#endif

/* ---- zstd ----------------------------------------------------------------------------- */

static void zstd_begin(struct compress *c)
{
	c->zstd = ZSTD_createCCtx();
	must(c->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel,
		c->level == 0 ? ZSTD_LEVEL : c->level < ZSTD_maxCLevel() ? c->level : ZSTD_maxCLevel())) &&
		!ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_checksumFlag, 1)));
}

static int zstd_write(struct compress *c, const uint8_t *bytes, size_t length, bool last, struct error *err)
{
	ZSTD_inBuffer in = { bytes, length, 0 };
	size_t left;
	int r;

	do {
		ZSTD_outBuffer out = { c->out, OUT_SIZE, 0 };

		left = ZSTD_compressStream2(c->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		must(!ZSTD_isError(left));
		r = put(c, out.pos, err);
	} while (r >= 0 && (last ? left > 0 : in.pos < in.size));
	return r;
}

static void zstd_end(struct compress *c)
{
	ZSTD_freeCCtx(c->zstd);
}

/* ---------------------------------------------------------------------------------------- */

static const struct {
	void (*begin)(struct compress *c);
	int (*write)(struct compress *c, const uint8_t *bytes, size_t length, bool last, struct error *err);
	void (*end)(struct compress *c);
} formats[] = {
	[COMPRESS_GZIP] = { gzip_begin, gzip_write, gzip_end },
	[COMPRESS_ZSTD] = { zstd_begin, zstd_write, zstd_end },
};

struct compress *compress_new_at(struct sink downstream, enum compress_format format, int level)
{
	struct compress *c = memory_new(1, sizeof *c);

	c->downstream = downstream;
	c->format = format;
	c->level = level < 0 ? 1 : level;
	c->in = memory_new(1, IN_SIZE);
	c->out = memory_new(1, OUT_SIZE);
	if (format != COMPRESS_NONE)
		formats[format].begin(c);
	return c;
}

struct compress *compress_new(struct sink downstream, enum compress_format format)
{
	return compress_new_at(downstream, format, 0);
}

void compress_free(struct compress *c)
{
	if (!c)
		return;
	if (c->format != COMPRESS_NONE)
		formats[c->format].end(c);
	free(c->in);
	free(c->out);
	free(c);
}

static int write_to_compress(void *context, const void *bytes, size_t length, struct error *err)
{
	struct compress *c = context;
	const uint8_t *at = bytes;
	int r = 0;

	if (c->format == COMPRESS_NONE)
		return sink_write(c->downstream, bytes, length, err);
	while (r >= 0 && length) {
		size_t room = IN_SIZE - c->in_length, piece = length < room ? length : room;

		/* Whole pieces need no copy. */
		if (piece == IN_SIZE) {
			r = formats[c->format].write(c, at, piece, false, err);
		} else {
			memcpy(c->in + c->in_length, at, piece);
			c->in_length += piece;
		}
		if (c->in_length == IN_SIZE) {
			r = formats[c->format].write(c, c->in, c->in_length, false, err);
			c->in_length = 0;
		}
		at += piece;
		length -= piece;
	}
	return r;
}

struct sink compress_sink(struct compress *c)
{
	return (struct sink){ write_to_compress, c };
}

int compress_finish(struct compress *c, struct error *err)
{
	if (c->format == COMPRESS_NONE)
		return 0;
	return formats[c->format].write(c, c->in, c->in_length, true, err);
}
