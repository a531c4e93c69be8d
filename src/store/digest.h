/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of content, as the image specification writes them: "sha256:" and 64 hexadecimal digits. */
#ifndef BIVY_STORE_DIGEST_H
#define BIVY_STORE_DIGEST_H

#include "store/stream.h"

#include <stdbool.h>

/* Room for the longest text, its end included. */
#define DIGEST_TEXT_SIZE (sizeof "sha512:" + 128)

struct digest;

/* An empty digest by ALGORITHM ("sha256", "sha512"; more letters behind a ':' do not matter), or NULL if it is unknown. */
struct digest *digest_new(const char *algorithm);
void digest_free(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t length);

#define DIGEST_HASH_SIZE 64 /* of the longest */

/* The hash of all that was added; how many bytes it has. Nothing may be added afterwards. */
size_t digest_finish_hash(struct digest *digest, uint8_t hash[static DIGEST_HASH_SIZE]);

/* The same as text. */
void digest_finish(struct digest *digest, char text[static DIGEST_TEXT_SIZE]);

DEFINE_CLEANUP(struct digest *, digest_free)
#define _cleanup_digest_ _cleanup_(cleanup_digest_free)

/* A stream that adds what passes to .digest (which may be NULL) and to .length, and passes it on. */
struct digest_tap {
	struct stream upstream;
	struct digest *digest;
	uint64_t length;
};

struct stream digest_stream(struct digest_tap *tap);

/* The same for what is written. */
struct digest_sink {
	struct sink downstream;
	struct digest *digest;
	uint64_t length;
};

struct sink digest_sink(struct digest_sink *tap);

#endif
