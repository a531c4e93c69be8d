/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_token(void **state)
{
	static const struct {
		const char *text, *token, *refresh;
		unsigned expires;
	} answers[] = {
		{ "{\"token\":\"abc.d-e_f\"}", "abc.d-e_f", NULL, 60 },
		{ "{\"access_token\":\"x\",\"expires_in\":300,\"refresh_token\":\"r\"}", "x", "r", 300 },
		{ "{\"token\":\"t\",\"access_token\":\"x\",\"expires_in\":5,\"issued_at\":\"2020-01-01T00:00:00Z\"}", "t", NULL, 60 },
		{ "{\"token\":\"\",\"access_token\":\"x\",\"expires_in\":-5}", "x", NULL, 60 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct answer_token token = { 0 };

		assert_int_equal(answer_decode_token(arena, answers[i].text, strlen(answers[i].text), &token, NULL), 0);
		assert_string_equal(token.token, answers[i].token);
		assert_true(str_equal(token.refresh_token, answers[i].refresh));
		assert_int_equal(token.expires_s, answers[i].expires);
	}
}

static void test_token_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} answers[] = {
		{ "{}", "there is no token in it" },
		{ "[]", "there is no token in it" },
		{ "{\"token\":7}", "there is no token in it" },
		{ "{\"token\":\"a\\r\\nX: y\"}", "the token has characters that cannot be sent" },
		{ "{\"token\":\"a b\"}", "the token has characters that cannot be sent" },
		{ "<html>", "line 1, column 1: expected a value, found '<'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct answer_token token = { 0 };
		struct error err = ERROR_INIT;

		assert_true(answer_decode_token(arena, answers[i].text, strlen(answers[i].text), &token, &err) < 0);
		assert_string_equal(err.message, answers[i].message);
		assert_null(token.token);
	}
}

static int add_tags(const char *text, char ***list, size_t *count, struct error *err)
{
	return answer_decode_tags(text, strlen(text), list, count, err);
}

static void test_tags(void **state)
{
	_cleanup_strv_ char **list = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	(void)state;
	assert_int_equal(add_tags("{\"name\":\"a\",\"tags\":null}", &list, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(add_tags("{\"tags\":[\"latest\",\"1.2-rc_3\"]}", &list, &count, NULL), 0);
	assert_int_equal(add_tags("{\"tags\":[\"\\u001b[2J\",\"../x\",\"-a\",\"\",7,\"b\"]}", &list, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(list[0], "latest");
	assert_string_equal(list[1], "1.2-rc_3");
	assert_string_equal(list[2], "b");
	assert_null(list[3]);
	assert_true(add_tags("{\"tags\":{}}", &list, &count, &err) < 0);
	assert_string_equal(err.message, "tags: expected array, found object");
	assert_true(add_tags("[]", &list, &count, &err) < 0);
	assert_string_equal(err.message, "expected object, found array");
	assert_int_equal(count, 3);
}

static void assert_refusal(const char *text, const char *code, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *found_code = "x", *found_message = "x";

	answer_decode_refusal(arena, text, strlen(text), &found_code, &found_message);
	assert_true(str_equal(found_code, code));
	assert_true(str_equal(found_message, message));
}

static void test_refusals(void **state)
{
	(void)state;
	assert_refusal("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\",\"detail\":{}},{\"code\":\"X\"}]}", "DENIED", "no");
	assert_refusal("{\"errors\":[{\"code\":7}]}", NULL, NULL);
	assert_refusal("{\"errors\":[]}", NULL, NULL);
	assert_refusal("{\"details\":\"incorrect username or password\"}", NULL, "incorrect username or password");
	assert_refusal("{\"error\":\"invalid_grant\",\"error_description\":\"gone\"}", NULL, "gone");
	assert_refusal("<html>404</html>", NULL, NULL);
	assert_refusal("", NULL, NULL);
}

static void assert_link(const char *header, const char *expected)
{
	_cleanup_free_ char *found = answer_next_link(header);

	assert_true(str_equal(found, expected));
}

static void test_links(void **state)
{
	(void)state;
	assert_link("</v2/a/tags/list?last=b&n=2>; rel=\"next\"", "/v2/a/tags/list?last=b&n=2");
	assert_link("<https://h/x>;rel=next", "https://h/x");
	assert_link("<a>; rel=\"prev\", <b>; title=\"t\"; REL=\"next\"", "b");
	assert_link("<a>; rel=\"prev\"", NULL);
	assert_link("<a; rel=\"next\"", NULL);
	assert_link("", NULL);
	assert_link("<>; rel=next", "");
}

static void test_range(void **state)
{
	static const char *const wrong[] = { "", "0", "1-5", "0-", "0-x", "0-5 ", "0--1", "0-99999999999999999999", "0-9999999999999999999" };
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(answer_decode_range(wrong[i], &bytes), -EINVAL);
	assert_int_equal(bytes, 7);
	assert_int_equal(answer_decode_range("0-499", &bytes), 0);
	assert_int_equal(bytes, 500);
	assert_int_equal(answer_decode_range("bytes=0-9", &bytes), 0);
	assert_int_equal(bytes, 10);
	assert_int_equal(answer_decode_range("0-0", &bytes), 0);
	assert_int_equal(bytes, 0);
}

static void test_search(void **state)
{
	static const char index[] = "{\"results\":[{\"name\":\"nginx\",\"description\":\"a \\\"web\\\" server\",\"star_count\":7,\"is_official\":true,"
		"\"is_automated\":false},{\"name\":\"a/nginx\",\"description\":null,\"star_count\":-1},{\"description\":\"nameless\"},5]}";
	static const char catalog[] = "{\"repositories\":[\"team/Nginx\",\"redis\",null,\"\"]}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct answer_found *found = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	(void)state;
	assert_int_equal(answer_decode_search(arena, index, strlen(index), &found, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(found[0].description, "a \"web\" server");
	assert_true(found[0].stars == 7 && found[0].is_official);
	assert_string_equal(found[1].name, "a/nginx");
	assert_string_equal(found[1].description, "");
	assert_true(found[1].stars == 0 && !found[1].is_official);
	assert_int_equal(answer_decode_search(arena, "{\"results\":null}", 16, &found, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_true(answer_decode_search(arena, "{\"results\":{}}", 14, &found, &count, &err) < 0);
	assert_string_equal(err.message, "results: expected array, found object");
	assert_int_equal(answer_decode_catalog(arena, catalog, strlen(catalog), "nginx", &found, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_string_equal(found[0].name, "team/Nginx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),	 cmocka_unit_test(test_token_refused), cmocka_unit_test(test_tags),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_links),	       cmocka_unit_test(test_range),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests_name("registry/answer", tests, NULL, NULL);
}
