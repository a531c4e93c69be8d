/* SPDX-License-Identifier: Apache-2.0 */
#include "store/decompress.h"

#include "base/memory.h"
#include "store/codec.h"

#include <string.h>

#define OUT_SIZE ((size_t)256 << 10)

struct decompress {
	struct stream upstream;
	struct decompress_limits limits;
	const struct codec *codec; /* NULL: none, or not known yet */
	void *state;
	const char *format;

	/* Input: .head first, then what is left of the last block. */
	uint8_t head[CODEC_MAGIC_SIZE];
	size_t head_length, head_taken;
	const uint8_t *block;
	size_t block_length;
	bool upstream_ended;

	bool between; /* members: the last has ended, none has begun */
	bool ended;
	uint64_t in_bytes, out_bytes;
	uint8_t *out;
};

struct decompress *decompress_new(struct stream upstream, const struct decompress_limits *limits)
{
	struct decompress *d = memory_new(1, sizeof *d);

	d->upstream = upstream;
	d->limits = *limits;
	return d;
}

void decompress_free(struct decompress *d)
{
	if (!d)
		return;
	if (d->state)
		d->codec->free(d->state);
	free(d->out);
	free(d);
}

const char *decompress_format(const struct decompress *d)
{
	return d->format;
}

/* A block from upstream, if the last is used up. */
static int fill(struct decompress *d, struct error *err)
{
	int r;

	if (d->block_length || d->upstream_ended)
		return 0;
	r = stream_next(d->upstream, &d->block, &d->block_length, err);
	if (r < 0)
		return r;
	d->in_bytes += d->block_length;
	d->upstream_ended = d->block_length == 0;
	return 0;
}

/* Moves bytes from the block to the head, until that is full or there are no more. */
static int fill_head(struct decompress *d, struct error *err)
{
	memmove(d->head, d->head + d->head_taken, d->head_length - d->head_taken);
	d->head_length -= d->head_taken;
	d->head_taken = 0;
	while (d->head_length < sizeof d->head) {
		size_t room = sizeof d->head - d->head_length;
		int r = fill(d, err);

		if (r < 0)
			return r;
		if (d->upstream_ended)
			break;
		if (room > d->block_length)
			room = d->block_length;
		memcpy(d->head + d->head_length, d->block, room);
		d->head_length += room;
		d->block += room;
		d->block_length -= room;
	}
	memset(d->head + d->head_length, 0, sizeof d->head - d->head_length);
	return 0;
}

/* Whatever is in front, moved on by what the caller took of it. */
static void input_of(const struct decompress *d, const uint8_t **ret_bytes, size_t *ret_length)
{
	bool in_head = d->head_taken < d->head_length;

	*ret_bytes = in_head ? d->head + d->head_taken : d->block;
	*ret_length = in_head ? d->head_length - d->head_taken : d->block_length;
}

static void take_input(struct decompress *d, size_t length)
{
	if (d->head_taken < d->head_length) {
		d->head_taken += length;
	} else {
		d->block += length;
		d->block_length -= length;
	}
}

static int detect(struct decompress *d, struct error *err)
{
	int r = fill_head(d, err);

	if (r < 0)
		return r;
	d->codec = codec_find(d->head);
	d->format = d->codec ? d->codec->name : "none";
	if (!d->codec)
		return 0;
	d->state = d->codec->new();
	if (!d->state)
		return error_set(err, ERROR_UNAVAILABLE, ENOMEM, "cannot decompress %s", d->format);
	d->out = memory_new(1, OUT_SIZE);
	return 0;
}

static int damaged(const struct decompress *d, const char *words, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "cannot decompress %s: %s", d->format, words);
}

/* Members may differ in what can decode them. */
static int change_codec(struct decompress *d, const struct codec *codec, struct error *err)
{
	if (!codec || strcmp(codec->name, d->codec->name) != 0)
		return damaged(d, "something else follows its end", err);
	if (codec == d->codec && codec->reset(d->state))
		return 0;
	d->codec->free(d->state);
	d->codec = codec;
	d->state = codec->new();
	return d->state ? 0 : error_set(err, ERROR_UNAVAILABLE, ENOMEM, "cannot decompress %s", d->format);
}

/* Behind a member: zeros, which tapes leave, then another member, or the end. */
static int begin_member(struct decompress *d, struct error *err)
{
	const uint8_t *bytes;
	size_t length, zeros;

	for (;;) {
		int r = fill_head(d, err);

		if (r < 0)
			return r;
		input_of(d, &bytes, &length);
		if (length == 0) {
			d->ended = true;
			return 0;
		}
		for (zeros = 0; zeros < length && bytes[zeros] == 0; zeros++)
			;
		if (zeros == 0)
			break;
		take_input(d, zeros);
	}
	d->between = false;
	return change_codec(d, codec_find(d->head), err);
}

/* Runs the codec once; *RET_LENGTH bytes are in .out afterwards. */
static int run(struct decompress *d, size_t *ret_length, struct error *err)
{
	struct codec_window window = { .out = d->out, .out_length = OUT_SIZE };
	const char *words = NULL;
	enum codec_result result;
	size_t offered;

	input_of(d, &window.in, &window.in_length);
	offered = window.in_length;
	result = d->codec->run(d->state, &window, &words);
	take_input(d, offered - window.in_length);
	*ret_length = OUT_SIZE - window.out_length;
	if (result == CODEC_FAILED)
		return damaged(d, words, err);
	if (result == CODEC_END)
		d->between = true;
	else if (offered == 0 && *ret_length == 0)
		return damaged(d, "it ends too early", err);
	else if (offered == window.in_length && *ret_length == 0)
		return damaged(d, "it is damaged", err);
	return 0;
}

static int check_limits(const struct decompress *d, struct error *err)
{
	const struct decompress_limits *limits = &d->limits;

	if (d->out_bytes > limits->bytes)
		return error_set(err, ERROR_INVALID, 0, "more than %ju bytes come out of the %s stream", (uintmax_t)limits->bytes, d->format);
	if (limits->ratio && d->out_bytes > limits->ratio_from && d->out_bytes / limits->ratio > d->in_bytes)
		return error_set(err, ERROR_INVALID, 0, "%ju bytes of %s became %ju", (uintmax_t)d->in_bytes, d->format,
			(uintmax_t)d->out_bytes);
	return 0;
}

/* Without a codec: what comes in goes out. */
static int pass(struct decompress *d, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	int r = d->head_taken < d->head_length ? 0 : fill(d, err);

	if (r < 0)
		return r;
	input_of(d, ret_bytes, ret_length);
	take_input(d, *ret_length);
	return 0;
}

static int decode(struct decompress *d, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	size_t length = 0;

	while (!length && !d->ended) {
		int r = d->between ? begin_member(d, err) : 0;

		if (r >= 0 && d->head_taken == d->head_length)
			r = fill(d, err);
		if (r >= 0 && !d->ended)
			r = run(d, &length, err);
		if (r < 0)
			return r;
	}
	*ret_bytes = d->out;
	*ret_length = length;
	return 0;
}

static int next_of_decompress(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct decompress *d = context;
	int r = d->format ? 0 : detect(d, err);

	if (r >= 0)
		r = d->codec ? decode(d, ret_bytes, ret_length, err) : pass(d, ret_bytes, ret_length, err);
	if (r < 0)
		return r;
	d->out_bytes += *ret_length;
	return check_limits(d, err);
}

struct stream decompress_stream(struct decompress *d)
{
	return (struct stream){ next_of_decompress, d };
}
