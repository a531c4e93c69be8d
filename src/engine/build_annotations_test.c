/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_annotations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A build for two platforms, and one output. */
struct fixture {
	struct build_platform platforms[2];
	struct build_request request;
	struct build_output output;
	struct build build;
	struct spec_build_image_part parts[2];
	struct spec_build_image work;
	struct build_annotations of_index;
	struct error err;
};

static int set_up(void **state)
{
	struct fixture *f = memory_new(1, sizeof *f);

	*f = (struct fixture){ .platforms = { { .text = "linux/amd64" }, { .text = "linux/arm64" } },
		.parts = { { .platform = (char *)"linux/amd64" }, { .platform = (char *)"linux/arm64" } } };
	f->work = (struct spec_build_image){ .parts = f->parts, .part_count = 2 };
	f->build = (struct build){ .arena = arena_new(), .request = &f->request, .platforms = f->platforms, .platform_count = 2 };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_free(f->build.arena);
	free(f);
	return 0;
}

static void ask(struct fixture *f, struct spec_pair *pairs, size_t count)
{
	f->request.annotations = pairs;
	f->request.annotation_count = count;
	if (build_annotations_check(&f->build, &f->err) < 0 || build_annotations_add(&f->build, &f->output, &f->work, &f->of_index, &f->err) < 0)
		fail_msg("%s", f->err.message);
}

static void expect(const struct spec_pair *pairs, size_t count, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s=%s", i ? " " : "", pairs[i].key, pairs[i].value);
	assert_string_equal(text.data ? text.data : "", expected);
}

#define PAIR(key, value) { (char *)(key), (char *)(value) }

static void test_manifests(void **state)
{
	struct fixture *f = *state;
	struct spec_pair pairs[] = { PAIR("a", "1"), PAIR("manifest[linux/arm64]:b", "2"), PAIR("manifest:a", "3") };

	ask(f, pairs, ARRAY_SIZE(pairs));
	expect(f->parts[0].annotations, f->parts[0].annotation_count, "a=3");
	expect(f->parts[1].annotations, f->parts[1].annotation_count, "a=3 b=2");
	assert_false(f->work.wants_index);
}

static void test_indexes(void **state)
{
	struct fixture *f = *state;
	struct spec_pair pairs[] = { PAIR("index:i", "1"), PAIR("index,manifest:both", "2"), PAIR("manifest-descriptor[linux/amd64]:d", "3"),
		PAIR("index-descriptor:x", "4") };

	ask(f, pairs, ARRAY_SIZE(pairs));
	expect(f->work.annotations, f->work.annotation_count, "i=1 both=2");
	expect(f->parts[1].annotations, f->parts[1].annotation_count, "both=2");
	expect(f->parts[0].descriptor_annotations, f->parts[0].descriptor_annotation_count, "d=3");
	assert_int_equal(f->parts[1].descriptor_annotation_count, 0);
	expect(f->of_index.pairs, f->of_index.count, "x=4");
	assert_true(f->work.wants_index);
}

/* What an output says itself comes after what is said for all. */
static void test_output(void **state)
{
	struct fixture *f = *state;
	struct spec_pair all[] = { PAIR("a", "1") }, own[] = { PAIR("a", "2"), PAIR("b", "3") };

	f->output.annotations = own;
	f->output.annotation_count = ARRAY_SIZE(own);
	ask(f, all, ARRAY_SIZE(all));
	expect(f->parts[0].annotations, f->parts[0].annotation_count, "a=2 b=3");
}

static void test_refusals(void **state)
{
	static const struct {
		const char *key, *message, *hint;
	} cases[] = {
		{ "manifes:a", "invalid annotation 'manifes:a': unknown type 'manifes': expected manifest, index, manifest-descriptor or index-descriptor",
			"did you mean 'manifest'?" },
		{ "manifest:", "invalid annotation 'manifest:': the key is empty", "" },
		{ "manifest[linux/arm64:a", "invalid annotation 'manifest[linux/arm64:a': there is no ']' behind the platform", "" },
		{ "manifest[linux/386]:a", "annotation 'a' is of the platform 'linux/386', which is not built", "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_pair pair = PAIR(cases[i].key, "1");

		f->err = ERROR_INIT;
		f->request.annotations = &pair;
		f->request.annotation_count = 1;
		assert_true(build_annotations_check(&f->build, &f->err) < 0);
		assert_string_equal(f->err.message, cases[i].message);
		assert_string_equal(f->err.hint, cases[i].hint);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_manifests), TEST(test_indexes), TEST(test_output), TEST(test_refusals) };

	return cmocka_run_group_tests_name("engine/build_annotations", tests, NULL, NULL);
}
