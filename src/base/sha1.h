/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 (FIPS 180-4), for protocols that ask for it; it protects nothing. */
#ifndef BIVY_BASE_SHA1_H
#define BIVY_BASE_SHA1_H

#include <stddef.h>

#define SHA1_BYTES 20

void sha1(const void *bytes, size_t length, unsigned char ret[static SHA1_BYTES]);

#endif
