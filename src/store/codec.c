/* SPDX-License-Identifier: Apache-2.0 */
#include "store/codec.h"

#include "base/memory.h"

#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#define XZ_MEMORY ((uint64_t)256 << 20)
#define ZSTD_WINDOW_LOG 27

static unsigned at_most_unsigned(size_t length)
{
	return length > UINT_MAX ? UINT_MAX : (unsigned)length;
}

static void moved(struct codec_window *window, size_t in_left, size_t in_offered, size_t out_left, size_t out_offered)
{
	window->in += in_offered - in_left;
	window->in_length -= in_offered - in_left;
	window->out += out_offered - out_left;
	window->out_length -= out_offered - out_left;
}

/* ---- gzip ------------------------------------------------------------------------- */

static bool gzip_begins(const uint8_t *bytes)
{
	/* The third is the method: deflate is the only one there ever was. */
	return bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

static void *gzip_new(void)
{
	z_stream *state = calloc(1, sizeof *state);

	if (state && inflateInit2(state, MAX_WBITS + 16) != Z_OK) {
		free(state);
		return NULL;
	}
	return state;
}

static enum codec_result gzip_run(void *context, struct codec_window *window, const char **ret_words)
{
	z_stream *state = context;
	unsigned in = at_most_unsigned(window->in_length), out = at_most_unsigned(window->out_length);
	int r;

	state->next_in = (uint8_t *)window->in;
	state->avail_in = in;
	state->next_out = window->out;
	state->avail_out = out;
	r = inflate(state, Z_NO_FLUSH);
	moved(window, state->avail_in, in, state->avail_out, out);
	if (r == Z_STREAM_END)
		return CODEC_END;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return CODEC_MORE;
	*ret_words = state->msg && strstr(state->msg, "check") ? "its checksum does not match" : "it is damaged";
	return CODEC_FAILED;
}

static bool gzip_reset(void *state)
{
	return inflateReset(state) == Z_OK;
}

static void gzip_free(void *state)
{
	inflateEnd(state);
	free(state);
}

/* ---- gzip, twice as fast ----------------------------------------------------------- */

#ifdef HAVE_ISAL

static bool isal_begins(const uint8_t *bytes)
{
	/* Not a header with a checksum of its own, which ISA-L 2.30 misjudges when it comes in parts; nor unknown flags. */
	return gzip_begins(bytes) && (bytes[3] & 0xe2) == 0;
}

static bool isal_reset(void *state)
{
	isal_inflate_reset(state);
	((struct inflate_state *)state)->crc_flag = ISAL_GZIP;
	return true;
}

static void *isal_new(void)
{
	struct inflate_state *state = malloc(sizeof *state);

	if (!state)
		return NULL;
	isal_inflate_init(state);
	isal_reset(state);
	return state;
}

static enum codec_result isal_run(void *context, struct codec_window *window, const char **ret_words)
{
	struct inflate_state *state = context;
	unsigned in = at_most_unsigned(window->in_length), out = at_most_unsigned(window->out_length);
	int r;

	state->next_in = (uint8_t *)window->in;
	state->avail_in = in;
	state->next_out = window->out;
	state->avail_out = out;
	r = isal_inflate(state);
	/* After a failure ISA-L may say that more is left than it was given. */
	if ((r != ISAL_DECOMP_OK && r != ISAL_END_INPUT && r != ISAL_OUT_OVERFLOW) || state->avail_in > in || state->avail_out > out) {
		*ret_words = r == ISAL_INCORRECT_CHECKSUM ? "its checksum does not match" : "it is damaged";
		return CODEC_FAILED;
	}
	moved(window, state->avail_in, in, state->avail_out, out);
	return state->block_state == ISAL_BLOCK_FINISH ? CODEC_END : CODEC_MORE;
}

#endif

/* ---- zstd ------------------------------------------------------------------------- */

static bool zstd_begins(const uint8_t *bytes)
{
	/* A frame, or one to be skipped (RFC 8878, 3.1.2). */
	return memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0 || ((bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0);
}

static void *zstd_new(void)
{
	ZSTD_DStream *state = ZSTD_createDStream();

	if (state)
		ZSTD_DCtx_setParameter(state, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return state;
}

static enum codec_result zstd_run(void *state, struct codec_window *window, const char **ret_words)
{
	ZSTD_inBuffer in = { window->in, window->in_length, 0 };
	ZSTD_outBuffer out = { window->out, window->out_length, 0 };
	size_t r = ZSTD_decompressStream(state, &out, &in);

	moved(window, in.size - in.pos, in.size, out.size - out.pos, out.size);
	if (ZSTD_isError(r)) {
		*ret_words = ZSTD_getErrorName(r);
		return CODEC_FAILED;
	}
	return r == 0 ? CODEC_END : CODEC_MORE;
}

static bool zstd_reset(void *state)
{
	return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static void zstd_free(void *state)
{
	ZSTD_freeDStream(state);
}

/* ---- xz --------------------------------------------------------------------------- */

static bool xz_begins(const uint8_t *bytes)
{
	return memcmp(bytes, "\xfd" "7zXZ", 6) == 0;
}

static bool xz_reset(void *state)
{
	return lzma_stream_decoder(state, XZ_MEMORY, 0) == LZMA_OK;
}

static void xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static void *xz_new(void)
{
	lzma_stream *state = calloc(1, sizeof *state);

	if (state && !xz_reset(state)) {
		xz_free(state);
		return NULL;
	}
	return state;
}

static enum codec_result xz_run(void *context, struct codec_window *window, const char **ret_words)
{
	lzma_stream *state = context;
	lzma_ret r;

	state->next_in = window->in;
	state->avail_in = window->in_length;
	state->next_out = window->out;
	state->avail_out = window->out_length;
	r = lzma_code(state, LZMA_RUN);
	moved(window, state->avail_in, window->in_length, state->avail_out, window->out_length);
	switch (r) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return CODEC_MORE;
	case LZMA_STREAM_END:
		return CODEC_END;
	case LZMA_MEMLIMIT_ERROR:
		*ret_words = "it asks for more than 256 MiB of memory";
		return CODEC_FAILED;
	case LZMA_MEM_ERROR:
		*ret_words = "there is no memory left";
		return CODEC_FAILED;
	default:
		*ret_words = "it is damaged";
		return CODEC_FAILED;
	}
}

/* ---- bzip2 ------------------------------------------------------------------------ */

static bool bzip2_begins(const uint8_t *bytes)
{
	return memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9';
}

static void *bzip2_new(void)
{
	bz_stream *state = calloc(1, sizeof *state);

	if (state && BZ2_bzDecompressInit(state, 0, 0) != BZ_OK) {
		free(state);
		return NULL;
	}
	return state;
}

static enum codec_result bzip2_run(void *context, struct codec_window *window, const char **ret_words)
{
	bz_stream *state = context;
	unsigned in = at_most_unsigned(window->in_length), out = at_most_unsigned(window->out_length);
	int r;

	state->next_in = (char *)window->in;
	state->avail_in = in;
	state->next_out = (char *)window->out;
	state->avail_out = out;
	r = BZ2_bzDecompress(state);
	moved(window, state->avail_in, in, state->avail_out, out);
	if (r == BZ_STREAM_END)
		return CODEC_END;
	if (r == BZ_OK)
		return CODEC_MORE;
	*ret_words = r == BZ_MEM_ERROR ? "there is no memory left" : "it is damaged";
	return CODEC_FAILED;
}

static bool bzip2_reset(void *context)
{
	bz_stream *state = context;

	BZ2_bzDecompressEnd(state);
	memset(state, 0, sizeof *state);
	return BZ2_bzDecompressInit(state, 0, 0) == BZ_OK;
}

static void bzip2_free(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

/* ----------------------------------------------------------------------------------- */

static const struct codec codecs[] = {
#ifdef HAVE_ISAL
	{ "gzip",  isal_begins,  isal_new,  isal_run,  isal_reset,  free },
#endif
	{ "gzip",  gzip_begins,  gzip_new,  gzip_run,  gzip_reset,  gzip_free },
	{ "zstd",  zstd_begins,  zstd_new,  zstd_run,  zstd_reset,  zstd_free },
	{ "xz",    xz_begins,    xz_new,    xz_run,    xz_reset,    xz_free },
	{ "bzip2", bzip2_begins, bzip2_new, bzip2_run, bzip2_reset, bzip2_free },
};

const struct codec *codec_find(const uint8_t bytes[static CODEC_MAGIC_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].begins(bytes))
			return &codecs[i];
	return NULL;
}
