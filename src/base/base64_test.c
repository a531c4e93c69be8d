/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* RFC 4648, section 10, and the two last characters of the alphabet. */
static const struct {
	const char *plain, *encoded;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xef\xbe\xff", "++++/w==" },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_buf_ struct buf encoded = BUF_INIT, plain = BUF_INIT, bare = BUF_INIT;

		base64_encode(vectors[i].plain, strlen(vectors[i].plain), &encoded);
		assert_string_equal(encoded.data, vectors[i].encoded);
		assert_int_equal(base64_decode(encoded.data, encoded.length, &plain), 0);
		assert_string_equal(plain.data, vectors[i].plain);
		assert_int_equal(base64_decode(encoded.data, strcspn(encoded.data, "="), &bare), 0);
		assert_string_equal(bare.data, vectors[i].plain);
	}
}

static void test_zero_bytes(void **state)
{
	_cleanup_buf_ struct buf encoded = BUF_INIT, plain = BUF_INIT;

	(void)state;
	base64_encode("\0a\0\0", 4, &encoded);
	assert_string_equal(encoded.data, "AGEAAA==");
	assert_int_equal(base64_decode(encoded.data, encoded.length, &plain), 0);
	assert_int_equal(plain.length, 4);
	assert_memory_equal(plain.data, "\0a\0\0", 4);
}

static void test_refused(void **state)
{
	static const char *const wrong[] = { "Z", "Zg=", "Zg===", "=", "====", "Zm9v Zg==", "Zm9v\n", "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zg==Zg==" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		buf_add_text(&out, "kept");
		assert_int_equal(base64_decode(wrong[i], strlen(wrong[i]), &out), -EINVAL);
		assert_string_equal(out.data, "kept");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
