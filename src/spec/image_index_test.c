/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_index.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX60 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define ENTRY(number, rest) \
	"{\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"digest\":\"sha256:" HEX60 #number "\",\"size\":" #number rest "}"
#define PLATFORM(architecture, os, rest) ",\"platform\":{\"architecture\":\"" architecture "\",\"os\":\"" os "\"" rest "}"
#define INDEX(type, manifests) "{\"schemaVersion\":2,\"mediaType\":\"" type "\",\"manifests\":[" manifests "]}"

static struct spec_index *decode(struct arena *arena, const char *text)
{
	struct spec_index *index = NULL;
	struct error err = ERROR_INIT;

	if (spec_index_decode(arena, text, strlen(text), &index, &err) < 0)
		fail_msg("%s", err.message);
	return index;
}

static const char many[] = INDEX(SPEC_OCI_INDEX,
	ENTRY(1000, PLATFORM("386", "linux", "")) "," ENTRY(1001, PLATFORM("amd64", "linux", "")) ","
	ENTRY(1002, PLATFORM("arm", "linux", ",\"variant\":\"v6\"")) "," ENTRY(1003, PLATFORM("arm", "linux", ",\"variant\":\"v7\"")) ","
	ENTRY(1004, PLATFORM("arm64", "linux", ",\"variant\":\"v8\"")) ","
	ENTRY(1005, PLATFORM("amd64", "windows", ",\"os.version\":\"10.0\"")) ","
	ENTRY(1006, PLATFORM("unknown", "unknown", "")) "," ENTRY(1007, PLATFORM("amd64", "linux", "")) "," ENTRY(1008, ""));

static void test_selection(void **state _unused_)
{
	static const struct {
		const char *platform;
		uint64_t size; /* of the one that suits, 0: none */
	} cases[] = {
		{ "linux/amd64", 1001 }, { "linux/amd64/v3", 1001 }, { "linux/386", 1000 },    { "linux/arm/v7", 1003 },    { "linux/arm/v6", 1002 },
		{ "linux/arm/v5", 0 },	 { "linux/arm64", 1004 },    { "windows/amd64", 1005 }, { "linux/riscv64", 0 },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_index *index = decode(arena, many);
	struct spec_platform host = spec_platform_of_machine(arena, "x86_64");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_platform wanted;
		const struct spec_descriptor *found;

		assert_int_equal(spec_platform_parse(arena, cases[i].platform, &host, &wanted, NULL), 0);
		found = spec_index_select(index, &wanted);
		if ((found ? found->size : 0) != cases[i].size)
			fail_msg("%s: %llu", cases[i].platform, (unsigned long long)(found ? found->size : 0));
	}
	assert_string_equal(spec_index_platforms(arena, index),
			    "linux/386, linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8, windows/amd64, linux/amd64");
}

static void test_without_platform(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_platform host = spec_platform_of_machine(arena, "x86_64");
	const struct spec_index *one = decode(arena, "{\"manifests\":[" ENTRY(1000, "") "]}");
	const struct spec_index *none = decode(arena, "{\"manifests\":[]}");
	const struct spec_index *two = decode(arena, "{\"manifests\":[" ENTRY(1000, "") "," ENTRY(1001, "") "]}");

	assert_int_equal(spec_index_select(one, &host)->size, 1000);
	assert_null(spec_index_select(none, &host));
	assert_null(spec_index_select(two, &host));
	assert_string_equal(spec_index_platforms(arena, none), "");
	assert_string_equal(one->media_type, SPEC_OCI_INDEX);
}

static void test_round_trip(void **state _unused_)
{
	static const char text[] = INDEX(SPEC_DOCKER_INDEX, ENTRY(1000, ",\"annotations\":{\"" SPEC_ANNOTATION_REF_NAME "\":\"v1\"}"
		PLATFORM("arm", "linux", ",\"os.version\":\"1\",\"os.features\":[\"a\"],\"variant\":\"v7\",\"features\":[\"sse4\"]") ",\"x\":[]"));
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT, big = BUF_INIT;
	const struct spec_index *index = decode(arena, text);

	spec_index_encode(index, &out);
	assert_string_equal(out.data, text);
	spec_index_encode(decode(arena, many), &big);
	assert_string_equal(big.data, many);
	assert_ptr_equal(spec_index_find(index, SPEC_ANNOTATION_REF_NAME, "v1"), &index->manifests[0]);
	assert_null(spec_index_find(index, SPEC_ANNOTATION_REF_NAME, "v2"));
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "manifests: missing" },
		{ "{\"manifests\":[1]}", "manifests[0]: expected object, found integer" },
		{ "{\"manifests\":[],\"layers\":[]}", "index: it can be read as an index and as a manifest" },
		{ "{\"manifests\":[],\"mediaType\":\"" SPEC_OCI_MANIFEST "\"}", "mediaType: '" SPEC_OCI_MANIFEST "' is not what the document is" },
		{ "{\"manifests\":[" ENTRY(1000, ",\"platform\":{\"os\":1}") "]}", "manifests[0].platform.os: expected string, found integer" },
		{ "{\"manifests\":[],\"schemaVersion\":3}", "schemaVersion: only version 2 is supported" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_index *index = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(spec_index_decode(arena, cases[i][0], strlen(cases[i][0]), &index, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_without_platform),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
