/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define KEY HEX32 HEX32
#define DIGEST "sha256:" KEY
#define RECORD "{\"keys\":[\"" KEY "\"],\"diffId\":\"" DIGEST "\",\"created\":\"2020-01-02T03:04:05Z\",\"title\":\"RUN make\"}"

static int decode(struct arena *arena, const char *text, struct spec_build_cache *ret, struct error *err)
{
	return spec_build_cache_decode(arena, text, strlen(text), ret, err);
}

static void test_round_trip(void **state _unused_)
{
	static const char *const texts[] = {
		"{\"format\":1,\"records\":[],\"layers\":[],\"mounts\":[]}",
		"{\"format\":1,\"records\":[" RECORD "],\"layers\":[{\"diffId\":\"" DIGEST "\"},{\"digest\":\"" DIGEST
		"\",\"mediaType\":\"m\",\"size\":7}],\"mounts\":[{\"id\":\"/var/cache\",\"layer\":1}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct spec_build_cache cache;

		assert_int_equal(decode(arena, texts[i], &cache, NULL), 0);
		spec_build_cache_encode(&cache, &out);
		assert_string_equal(out.data, texts[i]);
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "format: missing" },
		{ "[]", "build cache: expected object, found array" },
		{ "{\"format\":2}", "build cache has format 2 of a newer version, this one reads up to 1" },
		{ "{\"format\":1,\"records\":[{\"diffId\":\"" DIGEST "\",\"created\":\"2020-01-02T03:04:05Z\"}]}", "records[0].keys: missing" },
		{ "{\"format\":1,\"records\":[{\"keys\":[],\"diffId\":\"" DIGEST "\",\"created\":\"2020-01-02T03:04:05Z\"}]}", "records[0].keys: expected 1 to 4" },
		{ "{\"format\":1,\"records\":[{\"keys\":[\"" HEX32 "\"],\"diffId\":\"" DIGEST "\",\"created\":\"2020-01-02T03:04:05Z\"}]}",
			"records[0].keys: expected 64 hexadecimal digits" },
		{ "{\"format\":1,\"records\":[{\"keys\":[\"" KEY "\"],\"diffId\":\"../x\",\"created\":\"2020-01-02T03:04:05Z\"}]}", "records[0].diffId: expected a digest" },
		{ "{\"format\":1,\"records\":[{\"keys\":[\"" KEY "\"],\"diffId\":\"md9:0\",\"created\":\"2020-01-02T03:04:05Z\"}]}", "records[0].diffId: expected a digest" },
		{ "{\"format\":1,\"records\":[{\"keys\":[\"" KEY "\"],\"diffId\":\"" DIGEST "\",\"created\":\"today\"}]}",
			"records[0].created: expected a moment of RFC 3339" },
		{ "{\"format\":1,\"layers\":[{\"digest\":\"" DIGEST "\"}]}", "layers[0].mediaType: missing" },
		{ "{\"format\":1,\"layers\":[{}],\"mounts\":[{\"id\":\"x\",\"layer\":1}]}", "mounts: there is no layer 1" },
		{ "{\"format\":1,\"layers\":[{}],\"mounts\":[{\"layer\":0}]}", "mounts[0].id: missing" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_build_cache cache;
		struct error err = ERROR_INIT;

		assert_true(decode(arena, cases[i][0], &cache, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_find(void **state _unused_)
{
	static const char with[] = "{\"os\":\"linux\",\"" SPEC_BUILD_CACHE_MEMBER "\":{\"format\":1}}", without[] = "{\"os\":\"linux\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;

	assert_int_equal(spec_build_cache_find(arena, without, strlen(without), &text, NULL), -ENOENT);
	assert_int_equal(spec_build_cache_find(arena, with, strlen(with), &text, NULL), 0);
	assert_string_equal(text.data, "{\"format\":1}");
}

/* The second one's mounts are of its own layers. */
static void test_join(void **state _unused_)
{
	static const char text[] = "{\"format\":1,\"records\":[" RECORD "],\"layers\":[{\"diffId\":\"" DIGEST "\"},{}],\"mounts\":[{\"id\":\"x\",\"layer\":1}]}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_build_cache first, second;

	assert_int_equal(decode(arena, text, &first, NULL), 0);
	assert_int_equal(decode(arena, text, &second, NULL), 0);
	spec_build_cache_join(arena, &first, &second);
	assert_int_equal(first.record_count, 2);
	assert_int_equal(first.layer_count, 4);
	assert_int_equal(first.mount_count, 2);
	assert_int_equal(first.mounts[0].layer, 1);
	assert_int_equal(first.mounts[1].layer, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
