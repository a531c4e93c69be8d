/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_limit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_numbers(void **state _unused_)
{
	struct error err = ERROR_INIT;
	int64_t number = 0;
	uint64_t size = 0;

	assert_int_equal(value_memory_parse("512m", &number, &err), 0);
	assert_int_equal(number, 512 << 20);
	assert_true(value_memory_parse("-1", &number, &err) < 0);
	assert_string_equal(err.message, "expected a size such as 512m");
	assert_true(value_memory_parse("9e", &number, &err) < 0);
	assert_string_equal(err.message, "the size is too large");
	assert_int_equal(value_memory_swap_parse("-1", &number, &err), 0);
	assert_int_equal(number, -1);
	assert_true(value_memory_swap_parse("-2", &number, &err) < 0);
	assert_int_equal(value_shm_size_parse("1g", &size, &err), 0);
	assert_int_equal(size, 1 << 30);
	assert_true(value_shm_size_parse("0", &size, &err) < 0);
	assert_int_equal(value_cpus_parse("1.5", &number, &err), 0);
	assert_int_equal(number, 1500000000);
	assert_true(value_cpus_parse("-1", &number, &err) < 0);
	assert_true(value_cpus_parse("10000000000", &number, &err) < 0);
	assert_string_equal(err.message, "expected a number of CPUs such as 1.5");
}

static void test_ulimits(void **state _unused_)
{
	static const struct {
		const char *text;
		int64_t soft, hard;
	} right[] = {
		{ "nofile=1024:2048", 1024, 2048 }, { "nofile=5", 5, 5 }, { "core=-1", -1, -1 }, { "nproc=0:unlimited", 0, -1 },
	};
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "nofile", "expected NAME=SOFT[:HARD]" },
		{ "files=1", "there is no limit 'files': expected one of getrlimit(2) such as nofile" },
		{ "NOFILE=1", "there is no limit 'NOFILE': expected one of getrlimit(2) such as nofile" },
		{ "nofile=", "expected a number, or -1 for no limit, not ''" },
		{ "nofile=1:x", "expected a number, or -1 for no limit, not 'x'" },
		{ "nofile=-2", "expected a number, or -1 for no limit, not '-2'" },
		{ "nofile=2:1", "the soft limit is above the hard one" },
		{ "nofile=-1:1", "the soft limit is above the hard one" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_ulimit limit;

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		assert_int_equal(value_ulimit_parse(arena, right[i].text, &limit, NULL), 0);
		assert_true(limit.soft == right[i].soft && limit.hard == right[i].hard);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error err = ERROR_INIT;

		assert_true(value_ulimit_parse(arena, wrong[i].text, &limit, &err) < 0);
		assert_string_equal(err.message, wrong[i].message);
	}
}

static void test_rates(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_rate rate;
	struct error err = ERROR_INIT;

	assert_int_equal(value_rate_parse(arena, "/dev/sda:1mb", VALUE_RATE_BYTES, &rate, NULL), 0);
	assert_string_equal(rate.path, "/dev/sda");
	assert_int_equal(rate.rate, 1 << 20);
	assert_int_equal(value_rate_parse(arena, "/dev/disk/by-id/a:b:7", VALUE_RATE_OPERATIONS, &rate, NULL), 0);
	assert_string_equal(rate.path, "/dev/disk/by-id/a:b");
	assert_int_equal(rate.rate, 7);
	assert_true(value_rate_parse(arena, "/dev/sda:1mb", VALUE_RATE_OPERATIONS, &rate, &err) < 0);
	assert_string_equal(err.message, "expected DEVICE:NUMBER");
	assert_true(value_rate_parse(arena, "/dev/sda:9", VALUE_RATE_WEIGHT, &rate, &err) < 0);
	assert_string_equal(err.message, "expected DEVICE:WEIGHT with a weight from 10 to 1000");
	assert_true(value_rate_parse(arena, "sda:1mb", VALUE_RATE_BYTES, &rate, &err) < 0);
	assert_true(value_rate_parse(arena, "/dev/sda", VALUE_RATE_BYTES, &rate, &err) < 0);
}

static void test_devices(void **state _unused_)
{
	static const struct {
		const char *text, *host, *container, *permissions, *message;
	} cases[] = {
		{ "/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm", NULL },
		{ "/dev/fuse:rw", "/dev/fuse", "/dev/fuse", "rw", NULL },
		{ "/dev/fuse:/dev/x", "/dev/fuse", "/dev/x", "rwm", NULL },
		{ "/dev/fuse:/dev/x:r", "/dev/fuse", "/dev/x", "r", NULL },
		{ "", .message = "expected HOST[:CONTAINER][:PERMISSIONS]" },
		{ "/a:/b:r:w", .message = "expected HOST[:CONTAINER][:PERMISSIONS]" },
		{ "fuse", .message = "expected the path of a device, not 'fuse'" },
		{ "nvidia.com/gpu=0", .message = "expected the path of a device, not 'nvidia.com/gpu=0'" },
		{ "/dev/fuse:x", .message = "expected a path in the container or permissions, not 'x'" },
		{ "/dev/fuse:/x:rx", .message = "expected permissions of r, w and m, not 'rx'" },
		{ "/dev/fuse:/x:", .message = "expected permissions of r, w and m, not ''" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_container_device device;
		struct error err = ERROR_INIT;

		if (value_device_parse(arena, cases[i].text, &device, &err) < 0) {
			assert_non_null(cases[i].message);
			assert_string_equal(err.message, cases[i].message);
			continue;
		}
		assert_null(cases[i].message);
		assert_string_equal(device.host, cases[i].host);
		assert_string_equal(device.container, cases[i].container);
		assert_string_equal(device.permissions, cases[i].permissions);
	}
}

static void test_device_rules(void **state _unused_)
{
	static const char *const right[] = { "c 42:* rwm", "a *:* rwm", "b 8:0 r" };
	static const char *const wrong[] = { "", "c", "c 42", "c 42:*", "c 42:* ", "c 42:* x", "d 1:1 r", "c 1:1 rwmr", "c  1:1 r", "c **:1 r", "c 1:1 r ",
		"c 99999999999:1 r" };

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		assert_int_equal(value_device_rule_check(right[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (value_device_rule_check(wrong[i], NULL) == 0)
			fail_msg("'%s' was taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ulimits),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_device_rules),
	};

	return cmocka_run_group_tests_name("cli/value_limit", tests, NULL, NULL);
}
