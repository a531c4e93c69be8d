/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as RFC 4648, section 4, has it: what login files and basic authentication are written in. */
#ifndef BIVY_BASE_BASE64_H
#define BIVY_BASE_BASE64_H

#include "base/str.h"

/* Adds the LENGTH bytes in base64, padded. */
void base64_encode(const void *bytes, size_t length, struct buf *out);

/*
 * Adds what LENGTH characters stand for. The padding may be left out; anything
 * else that the RFC does not allow (white space, the URL alphabet, bits behind
 * the last byte) is -EINVAL, OUT being as it was.
 */
int base64_decode(const char *text, size_t length, struct buf *out) _must_check_;

#endif
