/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/docker_archive.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int decode(struct arena *arena, const char *text, struct spec_docker_archive *ret, struct error *err)
{
	return spec_docker_archive_decode(arena, text, strlen(text), ret, err);
}

static void test_images(void **state _unused_)
{
	static const char text[] =
		"[{\"Config\":\"blobs/sha256/ab\",\"RepoTags\":[\"debian:12\",\"debian:latest\"],"
		"\"Layers\":[\"blobs/sha256/cd\",\"../x/layer.tar\"],\"LayerSources\":{\"sha256:cd\":{\"size\":1}}}]";
	static const char good[] =
		"[{\"Config\":\"ab.json\",\"RepoTags\":[\"debian:12\",\"debian:latest\"],\"Layers\":[\"cd/layer.tar\",\"ef/layer.tar\"],"
		"\"Parent\":\"x\"},{\"Config\":\"gh.json\",\"RepoTags\":null,\"Layers\":null}]";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_docker_archive archive = { .images = NULL };
	struct error err = ERROR_INIT;

	assert_int_equal(decode(arena, text, &archive, &err), -EINVAL);
	assert_string_equal(err.message, "[0].Layers[1]: '../x/layer.tar' cannot be the name of a member");
	assert_int_equal(decode(arena, good, &archive, NULL), 0);
	assert_int_equal(archive.image_count, 2);
	assert_string_equal(archive.images[0].config, "ab.json");
	assert_string_equal(archive.images[0].tags[1], "debian:latest");
	assert_null(archive.images[0].tags[2]);
	assert_int_equal(archive.images[0].layer_count, 2);
	assert_string_equal(archive.images[0].layers[1], "ef/layer.tar");
	assert_null(archive.images[0].layers[2]);
	assert_null(archive.images[1].tags[0]);
	assert_null(archive.images[1].layers[0]);
}

static void test_written_and_read(void **state _unused_)
{
	static const char text[] = "[{\"Config\":\"a\",\"RepoTags\":[\"b:1\"],\"Layers\":[\"c\",\"d\"]},{\"Config\":\"e\",\"RepoTags\":null,\"Layers\":[]}]";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_docker_archive archive = { .images = NULL };

	assert_int_equal(decode(arena, text, &archive, NULL), 0);
	spec_docker_archive_encode(&archive, &out);
	assert_string_equal(out.data, text);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "manifest.json: expected array, found object" },
		{ "[{}]", "[0].Config: missing" },
		{ "[7]", "[0]: expected object, found integer" },
		{ "[{\"Config\":\"\"}]", "[0].Config: '' cannot be the name of a member" },
		{ "[{\"Config\":\"/etc/passwd\"}]", "[0].Config: '/etc/passwd' cannot be the name of a member" },
		{ "[{\"Config\":\"a/..\"}]", "[0].Config: 'a/..' cannot be the name of a member" },
		{ "[{\"Config\":\"a\",\"RepoTags\":[1]}]", "[0].RepoTags[0]: expected string, found integer" },
		{ "[{\"Config\":\"a\",\"Layers\":7}]", "[0].Layers: expected array, found integer" },
		{ "", "manifest.json: line 1, column 1: expected a value, found the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_docker_archive archive = { .images = NULL };
		struct error err = ERROR_INIT;

		assert_int_equal(decode(arena, cases[i][0], &archive, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(archive.images);
	}
}

static void test_bounded(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_docker_archive archive = { .images = NULL };
	struct error err = ERROR_INIT;

	buf_add_text(&text, "[{\"Config\":\"a\",\"Layers\":[\"l\"");
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, ",\"l\"");
	buf_add_text(&text, "]}]");
	assert_int_equal(decode(arena, text.data, &archive, &err), -EINVAL);
	assert_string_equal(err.message, "[0].Layers: more than 1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
