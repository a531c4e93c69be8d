/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/download.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_round_trip(void **state _unused_)
{
	static const char *const texts[] = {
		"{\"url\":\"http://h/x\",\"etag\":\"\\\"a\\\"\",\"modified\":\"Tue, 05 May 2020 05:05:05 GMT\",\"digest\":\"sha256:00\",\"size\":7}\n",
		"{\"url\":\"http://h/x\",\"unchanged\":true}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct spec_download download;

		assert_int_equal(spec_download_decode(arena, texts[i], strlen(texts[i]), &download, NULL), 0);
		spec_download_encode(&download, &out);
		assert_string_equal(out.data, texts[i]);
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const texts[] = { "", "[]", "{\"url\":1}", "{\"size\":-1}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_download download;
		struct error err = ERROR_INIT;

		assert_true(spec_download_decode(arena, texts[i], strlen(texts[i]), &download, &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
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
