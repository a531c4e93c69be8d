/* SPDX-License-Identifier: Apache-2.0 */
#include "store/digest.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The vectors of FIPS 180-2. */
static const struct {
	const char *algorithm, *input, *text;
} vectors[] = {
	{ "sha256", "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "sha256:", "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha512", "abc", "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void test_vectors(void **state)
{
	char text[DIGEST_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_digest_ struct digest *digest = digest_new(vectors[i].algorithm);

		assert_non_null(digest);
		for (const char *c = vectors[i].input; *c; c++)
			digest_add(digest, c, 1);
		digest_finish(digest, text);
		assert_string_equal(text, vectors[i].text);
	}
	assert_null(digest_new("sha1"));
	assert_null(digest_new("sha"));
	assert_null(digest_new(""));
}

static void test_taps_count_and_pass_on(void **state)
{
	struct stream_memory memory = { (const uint8_t *)"abc", 3, 2 };
	_cleanup_digest_ struct digest *in = digest_new("sha256"), *out = digest_new("sha256");
	_cleanup_buf_ struct buf buf = BUF_INIT;
	struct digest_tap tap = { .upstream = stream_of_memory(&memory), .digest = in };
	struct digest_sink sink = { .downstream = sink_to_buf(&buf), .digest = out };
	char text[DIGEST_TEXT_SIZE];
	const uint8_t *bytes;
	size_t length;

	(void)state;
	do {
		assert_int_equal(stream_next(digest_stream(&tap), &bytes, &length, NULL), 0);
		assert_int_equal(sink_write(digest_sink(&sink), bytes, length, NULL), 0);
	} while (length);
	assert_int_equal(tap.length, 3);
	assert_int_equal(sink.length, 3);
	assert_string_equal(buf.data, "abc");
	digest_finish(in, text);
	assert_string_equal(text, vectors[1].text);
	digest_finish(out, text);
	assert_string_equal(text, vectors[1].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_taps_count_and_pass_on),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
