/* SPDX-License-Identifier: Apache-2.0 */
/* What images, containers and servers say, without what a terminal would obey. */
#ifndef BIVY_BASE_PRINTABLE_H
#define BIVY_BASE_PRINTABLE_H

#include "base/str.h"

/*
 * Bytes of the control character that the LENGTH bytes of TEXT begin with; 0: they begin with none. Those of ASCII, and C1, U+0080 to U+009F
 * in UTF-8, which terminals obey as well: U+009B is what ESC [ is (ECMA-48, 5.3).
 */
size_t printable_control_length(const char *text, size_t length);

/* Each byte of a control character but those in KEPT becomes INSTEAD. */
void printable_replace(char *text, size_t length, const char *kept, char instead);

/* Adds the LENGTH bytes of TEXT, each control character as one '?'. */
void printable_add(struct buf *out, const char *text, size_t length);

#endif
