/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/repository.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void test_round_trip(void **state _unused_)
{
	static const char text[] = "{\"commit\":\"" COMMIT "\",\"reference\":\"refs/heads/main\"}\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_repository repository = { .commit = NULL };

	assert_int_equal(spec_repository_decode(arena, text, strlen(text), &repository, NULL), 0);
	spec_repository_encode(&repository, &out);
	assert_string_equal(out.data, text);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "commit or reference: missing" },
		{ "{\"commit\":\"" COMMIT "\"}", "commit or reference: missing" },
		{ "{\"commit\":\"--x\",\"reference\":\"HEAD\"}", "commit: '--x' is none" },
		{ "{\"commit\":\"" COMMIT "0\",\"reference\":\"HEAD\"}", "commit: '" COMMIT "0' is none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_repository repository = { .commit = NULL };
		struct error err = ERROR_INIT;

		assert_true(spec_repository_decode(arena, cases[i][0], strlen(cases[i][0]), &repository, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(repository.commit);
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
