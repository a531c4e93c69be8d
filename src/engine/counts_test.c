/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/counts.h"
#include "engine/container_scratch_test.h"
#include "engine/image_scratch_test.h"

static void test_nothing_is_made(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	struct counts counts = counts_take(&directories);

	assert_int_equal(counts.containers + counts.images, 0);
	shell_expect("ls -A", "");
}

static void test_counts(void **state _unused_)
{
	static const struct sample samples[] = { { "docker.io/library/a:1", 'a', "1", NULL, NULL }, { "docker.io/library/a:2", 'a', "1", NULL, NULL },
						 { "docker.io/library/b:1", 'b', "2", NULL, NULL } };
	const struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .started = (char *)"2024-01-01T00:00:00Z" };
	const struct spec_container_state paused = { .status = SPEC_CONTAINER_PAUSED, .started = (char *)"2024-01-01T00:00:00Z" };
	const struct directories directories = scratch_directories();
	_cleanup_store_ struct store store = STORE_INIT;
	struct counts counts;
	int one, other;

	assert_int_equal(store_open(directories.images, &store, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		sample_put(&store, &samples[i]);
	scratch_put("web", 'a', NULL);
	scratch_put("db", 'b', NULL);
	scratch_put("job", 'c', NULL);
	scratch_put("old", 'd', NULL);
	scratch_put_state('a', &running, true);
	scratch_put_state('b', &paused, true);
	one = scratch_supervise('a');
	other = scratch_supervise('b');
	counts = counts_take(&directories);
	assert_int_equal(counts.containers, 4);
	assert_int_equal(counts.running, 1);
	assert_int_equal(counts.paused, 1);
	assert_int_equal(counts.stopped, 2);
	assert_int_equal(counts.images, 2);
	close(one);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_nothing_is_made),
		SCRATCH_TEST(test_counts),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}
