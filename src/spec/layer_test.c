/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/layer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32

static void test_round_trip(void **state _unused_)
{
	static const char *const texts[] = {
		"{\"format\":1,\"diffId\":\"" DIGEST "\",\"parent\":\"" DIGEST "\",\"size\":18446744073709551615}\n",
		"{\"format\":1,\"diffId\":\"" DIGEST "\",\"size\":0}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct spec_layer layer = { 0 };

		assert_int_equal(spec_layer_decode(arena, texts[i], strlen(texts[i]), &layer, NULL), 0);
		spec_layer_encode(&layer, &out);
		assert_string_equal(out.data, texts[i]);
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "format: missing" },
		{ "{\"format\":1}", "diffId: missing" },
		{ "{\"format\":2,\"diffId\":\"" DIGEST "\"}", "layer.json has format 2 of a newer version, this one reads up to 1" },
		{ "{\"format\":1,\"diffId\":\"x\"}", "diffId: 'x' is no digest" },
		{ "{\"format\":1,\"diffId\":\"" DIGEST "\",\"parent\":\"../x\"}", "parent: '../x' is no digest" },
		{ "", "layer.json: line 1, column 1: expected a value, found the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_layer layer = { 0 };
		struct error err = ERROR_INIT;

		assert_int_equal(spec_layer_decode(arena, cases[i][0], strlen(cases[i][0]), &layer, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(layer.diff_id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
