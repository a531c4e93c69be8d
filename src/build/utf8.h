/* SPDX-License-Identifier: Apache-2.0 */
/* Characters of texts that should be UTF-8 and need not be. */
#ifndef BIVY_BUILD_UTF8_H
#define BIVY_BUILD_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character that TEXT, NUL-terminated and not empty, begins with, and its
 * bytes. A byte that begins none is taken for itself, as a number beyond all
 * characters.
 */
uint32_t utf8_decode(const char *text, size_t *ret_length);

/* Whether a name of a variable may hold it, beside digits and '_'. */
bool utf8_is_letter(uint32_t c);

#endif
