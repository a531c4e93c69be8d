/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32

static void test_round_trip(void **state _unused_)
{
	static const char *const texts[] = {
		"{\"format\":1,\"key\":\"parent\\nRUN make\",\"description\":\"RUN make\",\"created\":\"2020-01-02T03:04:05Z\",\"size\":7,\"chainId\":\"" DIGEST
		"\",\"diffId\":\"" DIGEST "\"}\n",
		"{\"format\":1,\"key\":\"k\",\"created\":\"2020-01-02T03:04:05Z\"}\n",
		"{\"format\":1,\"key\":\"k\",\"created\":\"2020-01-02T03:04:05Z\",\"size\":18446744073709551615,\"imageId\":\"" DIGEST
		"\",\"imageTarget\":\"" DIGEST "\",\"imageMediaType\":\"m\",\"imageTargetSize\":9}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct spec_build_record record = { .key = NULL };

		assert_int_equal(spec_build_record_decode(arena, texts[i], strlen(texts[i]), &record, NULL), 0);
		spec_build_record_encode(&record, &out);
		assert_string_equal(out.data, texts[i]);
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "format: missing" },
		{ "{\"format\":1,\"created\":\"x\"}", "key: missing" },
		{ "{\"format\":1,\"key\":\"k\"}", "created: missing" },
		{ "{\"format\":2,\"key\":\"k\",\"created\":\"x\"}", "build record has format 2 of a newer version, this one reads up to 1" },
		{ "{\"format\":1,\"key\":\"k\",\"created\":\"x\",\"chainId\":\"../x\"}", "chainId: '../x' is no digest" },
		{ "{\"format\":1,\"key\":\"k\",\"created\":\"x\",\"imageTarget\":\"x\"}", "imageTarget: 'x' is no digest" },
		{ "", "build record: line 1, column 1: expected a value, found the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_build_record record = { .key = NULL };
		struct error err = ERROR_INIT;

		assert_int_equal(spec_build_record_decode(arena, cases[i][0], strlen(cases[i][0]), &record, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(record.key);
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
