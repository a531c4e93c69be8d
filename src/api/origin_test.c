/* SPDX-License-Identifier: Apache-2.0 */
#include "api/origin.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_allowed(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ NULL, NULL },
		{ NULL, "docker.example" },
		{ "http://127.0.0.1:2375", "127.0.0.1:2375" },
		{ "https://[::1]:2376", "[::1]:2376" },
		{ "http://LocalHost", "localhost" },
		{ "http://192.0.2.7:2375", "192.0.2.7:2375" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(api_origin_is_allowed(cases[i][0], cases[i][1]));
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "http://evil.example", "127.0.0.1:2375" },
		{ "null", "127.0.0.1:2375" },
		{ "", "" },
		{ "http://", "" },
		{ "http://127.0.0.1:80", "127.0.0.1:2375" },
		{ "http://127.0.0.1", NULL },
		{ "http://evil.example:2375", "evil.example:2375" }, /* a name that leads here for a moment */
		{ "http://127.0.0.1.evil.example", "127.0.0.1.evil.example" },
		{ "http://localhost.evil.example", "localhost.evil.example" },
		{ "http://127.0.0.1:x", "127.0.0.1:x" },
		{ "http://[::1", "[::1" },
		{ "http://[]", "[]" },
		{ "http://[", "[" },
		{ "http://[::1]x", "[::1]x" },
		{ "http://[evil]", "[evil]" },
		{ "file://127.0.0.1", "127.0.0.1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(api_origin_is_allowed(cases[i][0], cases[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
