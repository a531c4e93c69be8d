/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of decompress.c, each by its library. */
#ifndef BIVY_STORE_CODEC_H
#define BIVY_STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a codec takes from and where it puts to; it moves both on. */
struct codec_window {
	const uint8_t *in;
	size_t in_length;
	uint8_t *out;
	size_t out_length;
};

enum codec_result {
	CODEC_MORE,   /* give it more input, or more room */
	CODEC_END,    /* a member is complete; call .reset before the next */
	CODEC_FAILED, /* words tell why */
};

#define CODEC_MAGIC_SIZE 6

struct codec {
	const char *name;
	/* Whether a member begins with these bytes. */
	bool (*begins)(const uint8_t bytes[static CODEC_MAGIC_SIZE]);
	/* NULL without memory. */
	void *(*new)(void);
	enum codec_result (*run)(void *state, struct codec_window *window, const char **ret_words);
	/* Ready for another member; false without memory. */
	bool (*reset)(void *state);
	void (*free)(void *state);
};

/* The one, of several with a name the first, whose member begins with BYTES, or NULL. */
const struct codec *codec_find(const uint8_t bytes[static CODEC_MAGIC_SIZE]);

#endif
