/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct spec_build_settings decode(const char *text)
{
	struct spec_build_settings settings = { .collects = false };
	struct error err = ERROR_INIT;

	if (spec_build_settings_decode("f", text, strlen(text), &settings, &err) < 0)
		fail_msg("%s", err.message);
	return settings;
}

static void test_default(void **state _unused_)
{
	static const char *const texts[] = { "", " \n", "{}", "{\"gc\":{}}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct spec_build_settings settings = decode(texts[i]);

		assert_true(settings.collects);
		assert_int_equal(settings.unused_s, 60 * 24 * 3600);
		assert_int_equal(spec_build_amount_of(&settings.maximum, 1000000), 100000);
		assert_int_equal(spec_build_amount_of(&settings.minimum_free, 1000000), 10000);
		assert_int_equal(spec_build_amount_of(&settings.reserved, 1000000), 512 << 20);
	}
}

static void test_given(void **state _unused_)
{
	struct spec_build_settings settings = decode("{\"gc\":{\"enabled\":false,\"unusedFor\":\"1h30m\",\"maxUsedSpace\":\"2GB\",\"minFreeSpace\":\"20%\","
		"\"reservedSpace\":4096}}");

	assert_false(settings.collects);
	assert_int_equal(settings.unused_s, 5400);
	assert_int_equal(spec_build_amount_of(&settings.maximum, 5), 2ull << 30);
	assert_int_equal(spec_build_amount_of(&settings.minimum_free, 1000), 200);
	assert_int_equal(spec_build_amount_of(&settings.reserved, 1000), 4096);
	assert_int_equal(spec_build_amount_of(&settings.minimum_free, UINT64_MAX), UINT64_MAX / 100 * 20);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "[]", "f: expected object, found array" },
		{ "{\"gc\":[]}", "f: gc: expected object, found array" },
		{ "{", "f: line 1, column 2: expected a member's name in quotes, found the end" },
		{ "{\"GC\":{}}", "f: GC: there is no such setting" },
		{ "{\"gc\":{\"maxUsed\":1}}", "f: gc.maxUsed: there is no such setting" },
		{ "{\"gc\":{\"maxUsedSpace\":\"101%\"}}", "f: gc.maxUsedSpace: '101%' is no size such as '20GB', nor a part of the disk such as '10%'" },
		{ "{\"gc\":{\"maxUsedSpace\":\"%\"}}", "f: gc.maxUsedSpace: '%' is no size such as '20GB', nor a part of the disk such as '10%'" },
		{ "{\"gc\":{\"unusedFor\":\"60 days\"}}", "f: gc.unusedFor: '60 days' is no length of time such as '1440h'" },
		{ "{\"gc\":{\"unusedFor\":\"-1h\"}}", "f: gc.unusedFor: '-1h' is no length of time such as '1440h'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_build_settings settings = { .unused_s = 7 };
		struct error err = ERROR_INIT;

		assert_int_equal(spec_build_settings_decode("f", cases[i][0], strlen(cases[i][0]), &settings, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_int_equal(settings.unused_s, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
