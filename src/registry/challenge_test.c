/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/challenge.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct expectation {
	const char *text;
	size_t count;
	struct challenge list[3];
};

#define BASIC CHALLENGE_BASIC
#define BEARER CHALLENGE_BEARER
#define OTHER CHALLENGE_OTHER

static const struct expectation expectations[] = {
	{ "", 0, { { 0 } } },
	{ " , ,", 0, { { 0 } } },
	{ "Basic", 1, { { BASIC } } },
	{ "basic realm=\"Registry Realm\"", 1, { { BASIC, "Registry Realm" } } },
	{ "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/debian:pull,push\"", 1,
	  { { BEARER, "https://auth.docker.io/token", "registry.docker.io", "repository:library/debian:pull,push" } } },
	{ "BEARER  Realm = a , SERVICE=b,, error=\"insufficient_scope\"", 1, { { BEARER, "a", "b", NULL, "insufficient_scope" } } },
	{ "Negotiate, Basic realm=x, Bearer realm=\"y\"", 3, { { OTHER }, { BASIC, "x" }, { BEARER, "y" } } },
	{ "Negotiate YWJj==, Bearer realm=y", 2, { { OTHER }, { BEARER, "y" } } },
	{ "Digest realm=\"d\", qop=\"auth\", Basic", 2, { { OTHER, "d" }, { BASIC } } },
	{ "Bearer realm=\"a\\\"b\\\\c\"", 1, { { BEARER, "a\"b\\c" } } },
	{ "Bearer realm=\"\"", 1, { { BEARER, "" } } },
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
		const struct expectation *e = &expectations[i];
		_cleanup_arena_ struct arena *arena = arena_new();
		struct challenge *list = NULL;
		size_t count = 99;

		assert_int_equal(challenge_parse(arena, e->text, strlen(e->text), &list, &count, NULL), 0);
		assert_int_equal(count, e->count);
		for (size_t k = 0; k < count; k++) {
			assert_int_equal(list[k].scheme, e->list[k].scheme);
			assert_true(str_equal(list[k].realm, e->list[k].realm));
			assert_true(str_equal(list[k].service, e->list[k].service));
			assert_true(str_equal(list[k].scope, e->list[k].scope));
			assert_true(str_equal(list[k].error, e->list[k].error));
		}
	}
}

static void assert_refused(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct challenge *list = NULL;
	struct error err = ERROR_INIT;
	size_t count = 99;

	assert_int_equal(challenge_parse(arena, text, strlen(text), &list, &count, &err), -EINVAL);
	assert_int_equal(count, 99);
	assert_null(list);
	assert_string_equal(err.message, message);
}

static void test_refused(void **state)
{
	_cleanup_buf_ struct buf many = BUF_INIT, big = BUF_INIT;

	(void)state;
	assert_refused("=", "WWW-Authenticate: byte 1: expected a scheme");
	assert_refused("Basic\"x\"", "WWW-Authenticate: byte 6: expected white space");
	assert_refused("Bearer realm= ;", "WWW-Authenticate: byte 15: expected a value");
	assert_refused("Bearer realm=\"a", "WWW-Authenticate: byte 16: expected a closing quote");
	assert_refused("Bearer realm=\"a\\", "WWW-Authenticate: byte 17: expected a closing quote");
	assert_refused("Bearer realm=\"a\nX: y\"", "WWW-Authenticate: byte 16: expected no control character");
	assert_refused("Bearer realm=a realm=b", "WWW-Authenticate: byte 16: expected a comma");
	assert_refused("Bearer realm=a,realm=b", "WWW-Authenticate: byte 23: expected each parameter once");
	for (int i = 0; i <= CHALLENGE_LIMIT; i++)
		buf_add_text(&many, "Basic,");
	assert_refused(many.data, "WWW-Authenticate: byte 97: expected fewer challenges");
	for (unsigned i = 0; i <= CHALLENGE_BYTES_LIMIT; i++)
		buf_add_char(&big, ',');
	assert_refused(big.data, "WWW-Authenticate: 16385 bytes are too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("registry/challenge", tests, NULL, NULL);
}
