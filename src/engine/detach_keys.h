/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys by which a person at a container's terminal leaves it running, found in
 * what is typed. No system calls.
 */
#ifndef BIVY_ENGINE_DETACH_KEYS_H
#define BIVY_ENGINE_DETACH_KEYS_H

#include "base/error.h"
#include "base/str.h"

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
#define DETACH_KEYS_LIMIT 16

struct detach_keys {
	unsigned char sequence[DETACH_KEYS_LIMIT];
	size_t length;  /* 0: there are none */
	size_t matched; /* typed so far, and held back */
};

/*
 * TEXT as docker has it: keys parted by commas, each a character or "ctrl-" and
 * one of a-z @ [ \ ] ^ _; "" for none, NULL for the default.
 */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct error *err) _must_check_;

/*
 * Adds to OUT what of the LENGTH typed BYTES is for the container: all but the
 * beginning of the sequence at their end, which is held back until it is known
 * what follows. True when the sequence is complete; what is behind it is dropped.
 */
bool detach_keys_filter(struct detach_keys *keys, const void *bytes, size_t length, struct buf *out) _must_check_;

/* Adds what is held back: nothing more is typed. */
void detach_keys_flush(struct detach_keys *keys, struct buf *out);

#endif
