/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_limits.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_host_config merged, limits;

static void merge(const struct spec_host_config *host, const struct spec_host_config *changes, bool has_memory_swap)
{
	struct error err = ERROR_INIT;

	if (container_limits_merge(host, changes, has_memory_swap, &merged, &limits, &err) < 0)
		fail_msg("%s", err.message);
}

static void expect_error(const struct spec_host_config *host, const struct spec_host_config *changes, const char *message)
{
	struct error err = ERROR_INIT;

	assert_true(container_limits_merge(host, changes, false, &merged, &limits, &err) < 0);
	assert_string_equal(err.message, message);
}

static void test_memory(void **state)
{
	const struct spec_host_config host = { .memory = 100, .memory_swap = 200, .cpu_shares = 5 };

	(void)state;
	merge(&host, &(struct spec_host_config){ .memory = 150 }, false);
	assert_int_equal(merged.memory, 150);
	assert_int_equal(merged.memory_swap, 200);
	assert_int_equal(merged.cpu_shares, 5);
	assert_int_equal(limits.memory_swap, 200); /* the kernel wants both in an order of its own */
	assert_int_equal(limits.cpu_shares, 0);
	merge(&host, &(struct spec_host_config){ .memory_swap = 0 }, true);
	assert_int_equal(merged.memory_swap, 0);
	assert_int_equal(limits.memory, 100);
	merge(&host, &(struct spec_host_config){ .memory = 500, .memory_swap = -1 }, true);
	assert_int_equal(limits.memory_swap, -1);
	expect_error(&host, &(struct spec_host_config){ .memory = 300 },
		"a memory limit of 300 bytes is above that of memory and swap together, 200");
	expect_error(&(struct spec_host_config){ .memory = 0 }, &(struct spec_host_config){ .memory_swap = 300 },
		"--memory-swap needs a memory limit: --memory");
}

static void test_cpu_time(void **state)
{
	const struct spec_host_config by_cpus = { .nano_cpus = 1000 }, by_quota = { .cpu_quota = 50, .cpu_period = 100 };

	(void)state;
	merge(&by_quota, &(struct spec_host_config){ .nano_cpus = 2000 }, false);
	assert_int_equal(merged.nano_cpus, 2000);
	assert_int_equal(merged.cpu_quota, 0);
	assert_int_equal(merged.cpu_period, 0);
	merge(&by_cpus, &(struct spec_host_config){ .cpu_quota = 70 }, false);
	assert_int_equal(merged.nano_cpus, 0);
	assert_int_equal(limits.cpu_quota, 70);
	merge(&by_quota, &(struct spec_host_config){ .cpu_period = 200 }, false);
	assert_int_equal(limits.cpu_quota, 50);
	assert_int_equal(limits.cpu_period, 200);
}

static void test_restart_policy(void **state)
{
	char always[] = "always", no[] = "no";

	(void)state;
	merge(&(struct spec_host_config){ .restart_policy = no }, &(struct spec_host_config){ .restart_policy = always }, false);
	assert_string_equal(merged.restart_policy, "always");
	assert_false(container_limits_are_given(&limits));
	merge(&(struct spec_host_config){ .auto_remove = true }, &(struct spec_host_config){ .restart_policy = no }, false);
	expect_error(&(struct spec_host_config){ .auto_remove = true }, &(struct spec_host_config){ .restart_policy = always },
		"a container that is removed when it ends (--rm) cannot be restarted");
}

static void test_others(void **state)
{
	struct spec_container_rate rate = { .rate = 7 };
	const struct spec_host_config changes = { .has_pids_limit = true, .pids_limit = -1, .blkio_rates = { [THROTTLE_WRITE_BPS] = &rate },
		.blkio_rate_count = { [THROTTLE_WRITE_BPS] = 1 }, .blkio_weight = 20 };

	(void)state;
	merge(&(struct spec_host_config){ .pids_limit = 9, .has_pids_limit = true, .cpuset_cpus = (char *)"0" }, &changes, false);
	assert_int_equal(merged.pids_limit, -1);
	assert_string_equal(merged.cpuset_cpus, "0");
	assert_null(limits.cpuset_cpus);
	assert_int_equal(limits.blkio_rates[THROTTLE_WRITE_BPS][0].rate, 7);
	assert_int_equal(limits.blkio_weight, 20);
	assert_true(container_limits_are_given(&limits));
	merge(&(struct spec_host_config){ .pids_limit = 9 }, &(struct spec_host_config){ .memory = 0 }, false);
	assert_false(container_limits_are_given(&limits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu_time),
		cmocka_unit_test(test_restart_policy),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
