/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_times(void **state)
{
	struct spec_tally_times times = { .sum_ns = 0 };

	(void)state;
	spec_tally_times_add(&times, -5);
	spec_tally_times_add(&times, 100000000);
	spec_tally_times_add(&times, 100000001);
	spec_tally_times_add(&times, INT64_MAX / 2);
	assert_int_equal(times.buckets[0], 2);
	assert_int_equal(times.buckets[1], 1);
	assert_int_equal(times.buckets[SPEC_TALLY_BOUNDS], 1);
	assert_true(times.sum_ns == 200000001 + (uint64_t)(INT64_MAX / 2));
	for (size_t i = 1; i < SPEC_TALLY_BOUNDS; i++)
		assert_true(spec_tally_bounds_ms[i] > spec_tally_bounds_ms[i - 1]);
}

/* Whatever was counted, it fits, and comes back. */
static void test_round_trip(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_tally most, back = { .since_ns = 0 };

	(void)state;
	memset(&most, 0xff, sizeof most);
	most.since_ns = INT64_MAX;
	most.pulls[SPEC_TALLY_FAILURE].buckets[3] = 4;
	most.builds[SPEC_TALLY_SUCCESS].sum_ns = 5;
	spec_tally_encode(&most, &text);
	assert_true(text.length < SPEC_TALLY_LIMIT);
	assert_int_equal(spec_tally_decode(text.data, text.length, &back, NULL), 0);
	assert_memory_equal(&most, &back, sizeof most);
}

static void assert_refused(const char *text, const char *message)
{
	struct spec_tally tally;
	struct error err = ERROR_INIT;

	assert_true(spec_tally_decode(text, strlen(text), &tally, &err) < 0);
	assert_string_equal(err.message, message);
}

static void test_damage(void **state)
{
	static const char later[] = "{\"Format\":1,\"Since\":7,\"Later\":[]}";
	struct spec_tally tally;

	(void)state;
	assert_true(spec_tally_decode("", 0, &tally, NULL) < 0);
	assert_refused("{\"Format\":1}", "Since: missing");
	assert_refused("{\"Format\":2,\"Since\":1}", "Format: expected 1");
	assert_refused("{\"Format\":1,\"Since\":1,\"Pulls\":{\"Buckets\":[1]}}", "Pulls.Buckets: expected 10 numbers");
	assert_refused("{\"Format\":1,\"Since\":1,\"Builds\":{\"Buckets\":[1,2,3,4,5,6,7,8,9,-1]}}", "Builds.Buckets[9]: -1 is out of range (0 to 18446744073709551615)");
	assert_int_equal(spec_tally_decode(later, strlen(later), &tally, NULL), 0);
	assert_int_equal(tally.since_ns, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
