/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes decompress to the same whatever the blocks in which they come, within the limits. */
#include "base/str.h"
#include "store/digest.h"
#include "store/decompress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_LIMIT ((uint64_t)1 << 20)

static int decompress_all(const uint8_t *data, size_t size, size_t block, char text[static DIGEST_TEXT_SIZE])
{
	struct decompress_limits limits = { .bytes = BYTES_LIMIT };
	struct stream_memory memory = { data, size, block };
	_cleanup_decompress_ struct decompress *d = decompress_new(stream_of_memory(&memory), &limits);
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct digest_tap tap = { .upstream = decompress_stream(d), .digest = digest };
	struct error err = ERROR_INIT;
	int r = stream_drain(digest_stream(&tap), &err);

	if (r < 0 && !err.message[0])
		abort();
	/* The limit is noticed within a block. */
	if (tap.length > BYTES_LIMIT)
		abort();
	digest_finish(digest, text);
	return r < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char whole[DIGEST_TEXT_SIZE], parts[DIGEST_TEXT_SIZE];
	int failed;

	if (size == 0)
		return 0;
	failed = decompress_all(data + 1, size - 1, 0, whole);
	if (decompress_all(data + 1, size - 1, 1 + data[0] % 64, parts) != failed || (!failed && !str_equal(whole, parts)))
		abort();
	return 0;
}
