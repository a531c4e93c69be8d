/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of short texts, for programs that link no library of
 * digests. Of content, store/digest.h makes them, several times as fast.
 */
#ifndef BIVY_BASE_SHA256_H
#define BIVY_BASE_SHA256_H

#include <stddef.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and a NUL */

/* The digest of the LENGTH bytes, in hexadecimal digits. */
void sha256_hex(const void *bytes, size_t length, char ret[static SHA256_HEX_SIZE]);

#endif
