/* SPDX-License-Identifier: Apache-2.0 */
#include "api/images_list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct images_entry entries[] = {
	{ .name = "docker.io/library/debian:12", .repository = "debian", .tag = "12", .id = "sha256:aa", .target = "sha256:a1", .media_type = "application/json",
	  .target_size = 7, .created_s = 99, .size = 1000, .container_count = 2 },
	{ .repository = NULL, .id = "sha256:bb", .target = "sha256:b1", .media_type = "application/json", .size = 5 },
	{ .name = "docker.io/library/debian:latest", .repository = "debian", .tag = "latest", .id = "sha256:aa", .target = "sha256:a1", .size = 1000 },
	{ .name = "docker.io/team/app@sha256:a1", .repository = "team/app", .id = "sha256:aa", .target = "sha256:a1", .size = 1000 },
};

static void write_all(unsigned minor, const uint64_t *shared, bool has_containers, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct api_images_style style = { .minor = minor, .shared = shared, .has_containers = has_containers };
	struct json_writer w = { .out = out };

	api_images_write(&w, NULL, arena, entries, ARRAY_SIZE(entries), &style);
}

/* An image is told of once, with all its names; what is said, and how, depends on the version. */
static void test_versions(void **state _unused_)
{
	static const struct {
		unsigned minor;
		const char *text;
	} cases[] = {
		{ 41, "[{\"Containers\":-1,\"Created\":99,\"Id\":\"sha256:aa\",\"Labels\":null,\"ParentId\":\"\","
		      "\"RepoDigests\":[\"debian@sha256:a1\",\"team/app@sha256:a1\"],\"RepoTags\":[\"debian:12\",\"debian:latest\"],"
		      "\"SharedSize\":-1,\"Size\":1000,\"VirtualSize\":1000},"
		      "{\"Containers\":-1,\"Created\":0,\"Id\":\"sha256:bb\",\"Labels\":null,\"ParentId\":\"\","
		      "\"RepoDigests\":[\"<none>@<none>\"],\"RepoTags\":[\"<none>:<none>\"],\"SharedSize\":-1,\"Size\":5,\"VirtualSize\":5}]" },
		{ 44, "[{\"Containers\":-1,\"Created\":99,\"Id\":\"sha256:aa\",\"Labels\":null,\"ParentId\":\"\","
		      "\"RepoDigests\":[\"debian@sha256:a1\",\"team/app@sha256:a1\"],\"RepoTags\":[\"debian:12\",\"debian:latest\"],"
		      "\"SharedSize\":-1,\"Size\":1000},"
		      "{\"Containers\":-1,\"Created\":0,\"Id\":\"sha256:bb\",\"Labels\":null,\"ParentId\":\"\","
		      "\"RepoDigests\":[],\"RepoTags\":[],\"SharedSize\":-1,\"Size\":5}]" },
		{ 48, "[{\"Containers\":-1,\"Created\":99,\"Id\":\"sha256:aa\",\"Labels\":null,\"ParentId\":\"\","
		      "\"Descriptor\":{\"mediaType\":\"application/json\",\"digest\":\"sha256:a1\",\"size\":7},"
		      "\"RepoDigests\":[\"debian@sha256:a1\",\"team/app@sha256:a1\"],\"RepoTags\":[\"debian:12\",\"debian:latest\"],"
		      "\"SharedSize\":-1,\"Size\":1000},"
		      "{\"Containers\":-1,\"Created\":0,\"Id\":\"sha256:bb\",\"Labels\":null,\"ParentId\":\"\","
		      "\"Descriptor\":{\"mediaType\":\"application/json\",\"digest\":\"sha256:b1\",\"size\":0},"
		      "\"RepoDigests\":[],\"RepoTags\":[],\"SharedSize\":-1,\"Size\":5}]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		write_all(cases[i].minor, NULL, false, &out);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void test_what_is_known(void **state _unused_)
{
	static const uint64_t shared[ARRAY_SIZE(entries)] = { 600, 0, 600, 600 };
	_cleanup_buf_ struct buf out = BUF_INIT;

	write_all(50, shared, true, &out);
	assert_non_null(strstr(out.data, "{\"Containers\":2,\"Created\":99,"));
	assert_non_null(strstr(out.data, "\"SharedSize\":600,"));
	assert_non_null(strstr(out.data, "{\"Containers\":0,\"Created\":0,"));
	assert_non_null(strstr(out.data, "\"SharedSize\":0,"));
}

static void test_nothing(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const struct api_images_style style = { .minor = 50 };
	struct json_writer w = { .out = &out };

	api_images_write(&w, NULL, NULL, NULL, 0, &style);
	assert_string_equal(out.data, "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_what_is_known),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
