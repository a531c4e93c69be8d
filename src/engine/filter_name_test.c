/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter_name.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const words[] = { "label", "label!", "status" };

static void test_found(void **state _unused_)
{
	static const struct {
		const char *text, *value;
		size_t word;
	} cases[] = { { "label=a=b", "a=b", 0 }, { "label!=a", "a", 1 }, { "status==", "=", 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *value = NULL;
		size_t word = 9;

		assert_int_equal(filter_name_find(cases[i].text, words, ARRAY_SIZE(words), "", &word, &value, NULL), 0);
		assert_int_equal(word, cases[i].word);
		assert_string_equal(value, cases[i].value);
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][3] = {
		{ "status", "invalid filter 'status': expected NAME=VALUE", "" },
		{ "status=", "invalid filter 'status=': expected NAME=VALUE", "" },
		{ "=x", "invalid filter '=x'", "read it" },
		{ "statsu=x", "invalid filter 'statsu=x'", "did you mean 'status=…'?" },
		{ "colour=x", "invalid filter 'colour=x'", "read it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		const char *value = NULL;
		size_t word = 9;

		assert_true(filter_name_find(cases[i][0], words, ARRAY_SIZE(words), "read it", &word, &value, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
		assert_string_equal(err.hint, cases[i][2]);
		assert_int_equal(word, 9);
		assert_null(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests_name("filter_name", tests, NULL, NULL);
}
