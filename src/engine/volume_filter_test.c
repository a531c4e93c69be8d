/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_filter.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_pair labels[] = { { (char *)"kind", (char *)"db" }, { (char *)"empty", (char *)"" } };
static struct spec_pair options[] = { { (char *)"type", (char *)"tmpfs" } };
static const struct spec_volume sample = { .name = (char *)"data", .driver = (char *)"local", .created = (char *)"2024-05-07T12:34:56Z",
	.labels = labels, .label_count = 2, .options = options, .option_count = 1 };

/* Whether the sample, which a container has or not, passes the filters, which are NULL-terminated. */
static bool passes(const char *const *filters, bool is_used)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct volume_filter filter = { .terms = NULL };
	struct error err = ERROR_INIT;

	for (; *filters; filters++)
		if (volume_filter_add(&filter, arena, *filters, false, &err) < 0)
			fail_msg("%s", err.message);
	return volume_filter_passes(&filter, &sample, is_used);
}

#define PASSES(is_used, ...) passes((const char *const[]){ __VA_ARGS__, NULL }, is_used)

static void test_single(void **state _unused_)
{
	static const struct {
		const char *filter;
		bool unused, used; /* whether it passes then */
	} cases[] = {
		{ "dangling=true", true, false },
		{ "dangling=0", false, true },
		{ "driver=local", true, true },
		{ "driver=nfs", false, false },
		{ "label=kind", true, true },
		{ "label=kind=db", true, true },
		{ "label=kind=d", false, false },
		{ "label=empty=", true, true },
		{ "label!=kind", false, false },
		{ "label!=kind=web", true, true },
		{ "name=at", true, true },
		{ "name=x", false, false },
		{ "opt=type=tmpfs", true, true },
		{ "scope=global", false, false },
		{ "until=2024-05-07T12:34:56", true, true },
		{ "until=2024-05-07T12:34:55", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (PASSES(false, cases[i].filter) != cases[i].unused || PASSES(true, cases[i].filter) != cases[i].used)
			fail_msg("%s", cases[i].filter);
}

/* Either of the values of one name, all of the labels, all of the names. */
static void test_several(void **state _unused_)
{
	assert_true(PASSES(false, "name=x", "name=data"));
	assert_false(PASSES(false, "name=data", "driver=nfs"));
	assert_true(PASSES(false, "label=kind", "label=empty"));
	assert_false(PASSES(false, "label=kind", "label=none"));
}

static void assert_refused(const char *text, bool for_prune, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct volume_filter filter = { .terms = NULL };
	struct error err = ERROR_INIT;

	assert_true(volume_filter_add(&filter, arena, text, for_prune, &err) < 0);
	assert_string_equal(err.message, message);
}

static void test_bad(void **state _unused_)
{
	assert_refused("name", false, "invalid filter 'name': expected NAME=VALUE");
	assert_refused("nane=x", false, "invalid filter 'nane=x'");
	assert_refused("name=x", true, "invalid filter 'name=x'");
	assert_refused("all=1", false, "invalid filter 'all=1'");
	assert_refused("dangling=perhaps", false, "invalid filter 'dangling=perhaps': expected true or false");
	assert_refused("until=x", true, "invalid filter 'until=x': expected a time, or an age such as 24h");
}

static void test_prune(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct volume_filter filter = { .terms = NULL };

	assert_int_equal(volume_filter_add(&filter, arena, "all=false", true, NULL), 0);
	assert_false(filter.all);
	assert_int_equal(volume_filter_add(&filter, arena, "all=1", true, NULL), 0);
	assert_true(filter.all);
	assert_true(volume_filter_passes(&filter, &sample, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_prune),
	};

	return cmocka_run_group_tests_name("volume_filter", tests, NULL, NULL);
}
