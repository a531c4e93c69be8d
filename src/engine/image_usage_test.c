/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_usage.h"
#include "engine/image_scratch_test.h"

static struct image_usage_report measure(struct arena *arena)
{
	const struct directories directories = sample_directories();
	struct image_usage_report report;
	struct error err = ERROR_INIT;

	if (image_usage_measure(arena, &directories, true, &report, &err) < 0)
		fail_msg("%s", err.message);
	return report;
}

/* Each image's own part and what is shared; together with the rest that is what du(1) says. */
static void test_it_adds_up(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image_usage_report report;
	_cleanup_free_ char *du = NULL, *layer = NULL;
	uint64_t one;

	sample_fill(&store);
	report = measure(arena);
	du = shell("du -s --block-size=1 . | cut -f1");
	layer = shell("du -s --block-size=1 layers/1c* | cut -f1");
	assert_int_equal(report.total_bytes, strtoull(du, NULL, 10));
	assert_int_equal(report.total_bytes, report.content_bytes + report.unfinished_bytes + report.other_bytes);
	assert_int_equal(report.images, 3);
	assert_int_equal(report.each_count, 3);
	assert_int_equal(report.orphan_bytes, 0);
	one = strtoull(layer, NULL, 10);
	/* app: layers 1 and 2 shared, 3 its own; debian: both shared; the nameless one: 4 its own. */
	assert_string_equal(report.each[0].entry.tag, "v1");
	assert_true(report.each[0].unique_bytes >= one && report.each[0].unique_bytes < 2 * one);
	assert_true(report.each[0].shared_bytes >= 2 * one);
	assert_string_equal(report.each[1].entry.repository, "debian");
	assert_true(report.each[1].unique_bytes < one);
	assert_null(report.each[2].entry.name);
	assert_true(report.each[2].unique_bytes >= one && report.each[2].shared_bytes >= one && report.each[2].shared_bytes < 2 * one);
}

/* What nobody needs any more is told, and belongs to nobody. */
static void test_orphans(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image_usage_report report;
	struct image image;

	sample_fill(&store);
	assert_int_equal(image_find(&store, arena, "c2", &image, NULL), 0);
	assert_int_equal(image_remove(&store, &image, NULL), 0);
	report = measure(arena);
	assert_int_equal(report.images, 2);
	assert_true(report.orphan_bytes >= 5000);
	assert_int_equal(report.content_bytes, report.orphan_bytes + report.each[0].unique_bytes + report.each[1].unique_bytes + report.each[0].shared_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { shell_test(test_it_adds_up), shell_test(test_orphans) };

	return cmocka_run_group_tests_name("engine/image_usage", tests, NULL, NULL);
}
