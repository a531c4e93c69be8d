/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/registry_auth.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PLAIN "eyJ1c2VybmFtZSI6ImFubiIsInBhc3N3b3JkIjoicz8_In0"     /* {"username":"ann","password":"s??"}, of the URLs' alphabet */
#define PADDED "eyJ1c2VybmFtZSI6ImFubiIsInBhc3N3b3JkIjoicz8/In0="   /* of the usual one */
#define MAP "eyJsb2NhbGhvc3Q6NTAwMCI6eyJpZGVudGl0eXRva2VuIjoidCJ9fQ==" /* {"localhost:5000":{"identitytoken":"t"}} */

static int decode(struct arena *arena, const char *text, struct spec_registry_auth *ret)
{
	return spec_registry_auth_decode(arena, text, strlen(text), ret, NULL);
}

static void test_decodes_both_alphabets(void **state _unused_)
{
	static const char *const texts[] = { PLAIN, PADDED };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct spec_registry_auth auth = { NULL };

		assert_int_equal(decode(arena, texts[i], &auth), 0);
		assert_string_equal(auth.username, "ann");
		assert_string_equal(auth.password, "s??");
	}
}

static void test_nothing_is_no_login(void **state _unused_)
{
	static const char *const texts[] = { "", "e30=", "e30", "bnVsbA==" };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct spec_registry_auth auth = { .username = (char *)"x" };

		assert_int_equal(decode(arena, texts[i], &auth), 0);
		assert_null(auth.username);
	}
}

static void test_refuses(void **state _unused_)
{
	static const char *const texts[] = { "*", "W10=", "eyJ1c2VybmFtZSI6MX0=", "ew==" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_registry_auth auth;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(decode(arena, texts[i], &auth) < 0);
}

static void test_login_file(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_registry_login hub = { .host = "docker.io" }, *logins = NULL;
	size_t count = 0;

	assert_int_equal(decode(arena, PLAIN, &hub.auth), 0);
	spec_registry_logins_encode(&hub, 1, &text);
	assert_string_equal(text.data, "{\"auths\":{\"https://index.docker.io/v1/\":{\"username\":\"ann\",\"password\":\"s??\"}}}");
	buf_done(&text);
	assert_int_equal(spec_registry_logins_decode(arena, MAP, strlen(MAP), &logins, &count, NULL), 0);
	assert_int_equal(count, 1);
	spec_registry_logins_encode(logins, count, &text);
	assert_string_equal(text.data, "{\"auths\":{\"localhost:5000\":{\"identitytoken\":\"t\"}}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decodes_both_alphabets),
		cmocka_unit_test(test_nothing_is_no_login),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_login_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
