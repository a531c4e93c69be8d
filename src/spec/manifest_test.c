/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/manifest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":7}"
#define CONFIG "\"config\":" DESCRIPTOR(SPEC_OCI_CONFIG)
#define LAYERS "\"layers\":[" DESCRIPTOR(SPEC_OCI_LAYER_GZIP) "]"

static struct spec_manifest *decode(struct arena *arena, const char *text)
{
	struct spec_manifest *manifest = NULL;
	struct error err = ERROR_INIT;

	if (spec_manifest_decode(arena, text, strlen(text), &manifest, &err) < 0)
		fail_msg("%s", err.message);
	return manifest;
}

/* All members of OCI 1.1 come back as they were. */
static void test_oci(void **state _unused_)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"artifactType\":\"application/x\"," CONFIG
		",\"layers\":[" DESCRIPTOR(SPEC_OCI_LAYER_GZIP) ",{\"mediaType\":\"" SPEC_OCI_LAYER "\",\"digest\":\"" DIGEST
		"\",\"size\":9223372036854775807,\"urls\":[\"https://a/b\"],\"annotations\":{\"k\":\"v\"},\"data\":\"eA==\","
		"\"artifactType\":\"text/x\"}],\"subject\":" DESCRIPTOR(SPEC_OCI_MANIFEST) ",\"annotations\":{\"a\":\"b\",\"c\":\"\"}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_manifest *manifest = decode(arena, text);

	assert_string_equal(manifest->media_type, SPEC_OCI_MANIFEST);
	assert_string_equal(manifest->config.digest, DIGEST);
	assert_int_equal(manifest->layer_count, 2);
	assert_int_equal(manifest->layers[0].size, 7);
	assert_true(manifest->layers[1].size == INT64_MAX);
	assert_string_equal(spec_descriptor_annotation(&manifest->layers[1], "k"), "v");
	assert_null(spec_descriptor_annotation(&manifest->layers[1], "x"));
	assert_string_equal(manifest->subject->media_type, SPEC_OCI_MANIFEST);
	assert_int_equal(manifest->annotation_count, 2);
	assert_true(spec_manifest_is_image(manifest));
	spec_manifest_encode(manifest, &out);
	assert_string_equal(out.data, text);
}

/* Members that the specification does not have stay, in manifest and descriptor alike. */
static void test_unknown_members(void **state _unused_)
{
	static const char text[] = "{\"x\":{\"y\":[1,null]}," CONFIG ",\"layers\":[{\"z\":true,\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
				   "\",\"size\":0}],\"annotations\":null}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_manifest *manifest = decode(arena, text);

	assert_string_equal(manifest->media_type, SPEC_OCI_MANIFEST);
	assert_false(spec_manifest_is_image(manifest));
	spec_manifest_encode(manifest, &out);
	assert_string_equal(out.data, "{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_MANIFEST "\"," CONFIG
				      ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
				      "\",\"size\":0,\"z\":true}],\"x\":{\"y\":[1,null]}}");
}

static void test_docker(void **state _unused_)
{
	static const char text[] = "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"" SPEC_DOCKER_MANIFEST
				   "\",\n  \"config\": " DESCRIPTOR(SPEC_DOCKER_CONFIG) ",\n  \"layers\": ["
				   DESCRIPTOR(SPEC_DOCKER_LAYER_GZIP) "]\n}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_manifest *manifest = decode(arena, text);
	enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN;

	assert_true(spec_manifest_is_image(manifest));
	assert_string_equal(manifest->layers[0].media_type, SPEC_DOCKER_LAYER_GZIP);
	assert_int_equal(spec_manifest_kind(text, strlen(text), "application/json", &kind, NULL), 0);
	assert_int_equal(kind, SPEC_MEDIA_MANIFEST);
}

static void test_kind(void **state _unused_)
{
	static const struct {
		const char *text, *said;
		int kind; /* or the error's, negative */
	} cases[] = {
		{ "{" CONFIG "," LAYERS "}", NULL, SPEC_MEDIA_MANIFEST },
		{ "{" CONFIG "," LAYERS "}", SPEC_OCI_MANIFEST, SPEC_MEDIA_MANIFEST },
		{ "{\"manifests\":[]}", SPEC_DOCKER_INDEX, SPEC_MEDIA_INDEX },
		{ "{\"manifests\":[],\"layers\":null}", NULL, SPEC_MEDIA_INDEX },
		{ "{\"manifests\":[]}", "text/plain", SPEC_MEDIA_INDEX },
		{ "{\"manifests\":[]}", SPEC_OCI_MANIFEST, -ERROR_INVALID },
		{ "{\"manifests\":[],\"mediaType\":\"" SPEC_OCI_MANIFEST "\"}", NULL, -ERROR_INVALID },
		{ "{\"manifests\":[]," CONFIG "}", NULL, -ERROR_INVALID },
		{ "{\"manifests\":[]," LAYERS "}", NULL, -ERROR_INVALID },
		{ "{}", NULL, -ERROR_INVALID },
		{ "[]", NULL, -ERROR_INVALID },
		{ "", NULL, -ERROR_INVALID },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, -ERROR_UNSUPPORTED },
		{ "{" LAYERS ",\"mediaType\":\"application/vnd.docker.distribution.manifest.v1+json\"}", NULL, -ERROR_UNSUPPORTED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN;
		struct error err = ERROR_INIT;
		int r = spec_manifest_kind(cases[i].text, strlen(cases[i].text), cases[i].said, &kind, &err);
		int got = r < 0 ? -(int)err.kind : (int)kind;

		if (got != cases[i].kind)
			fail_msg("%s: %d, not %d (%s)", cases[i].text, got, cases[i].kind, err.message);
	}
}

static void test_refused(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{" LAYERS "}", "config: missing" },
		{ "{" CONFIG "}", "layers: missing" },
		{ "{\"schemaVersion\":1," CONFIG "," LAYERS "}", "schemaVersion: only version 2 is supported" },
		{ "{" CONFIG "," LAYERS ",\"manifests\":[]}", "manifest: it can be read as an index and as a manifest" },
		{ "{" CONFIG "," LAYERS ",\"mediaType\":\"" SPEC_OCI_INDEX "\"}", "mediaType: '" SPEC_OCI_INDEX "' is not what the document is" },
		{ "{" CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"size\":1}]}", "layers[0].digest: missing" },
		{ "{" CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"size\":1,\"digest\":\"sha256:../x\"}]}",
		  "layers[0].digest: 'sha256:../x' is no digest" },
		{ "{" CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":\"" DIGEST "\"}]}", "layers[0].size: missing" },
		{ "{" CONFIG ",\"layers\":[{\"mediaType\":\"\",\"digest\":\"" DIGEST "\",\"size\":1}]}", "layers[0].mediaType: must not be empty" },
		{ "{" CONFIG ",\"layers\":{}}", "layers: expected array, found object" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_manifest *manifest = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(spec_manifest_decode(arena, cases[i].text, strlen(cases[i].text), &manifest, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
		assert_null(manifest);
	}
}

static void test_bounds(void **state _unused_)
{
	static const char layer[] = DESCRIPTOR(SPEC_OCI_LAYER_GZIP);
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;
	enum spec_media_kind kind = SPEC_MEDIA_UNKNOWN;
	struct error err = ERROR_INIT;

	buf_add_text(&text, "{" CONFIG ",\"layers\":[");
	for (int i = 0; i < SPEC_LAYER_LIMIT; i++)
		buf_printf(&text, "%s,", layer);
	buf_printf(&text, "%s]}", layer);
	assert_int_equal(spec_manifest_decode(arena, text.data, text.length, &manifest, &err), -EINVAL);
	assert_string_equal(err.message, "layers: more than 1000");
	while (text.length <= SPEC_MANIFEST_LIMIT)
		buf_add_text(&text, "                                                                                ");
	assert_int_equal(spec_manifest_decode(arena, text.data, text.length, &manifest, &err), -EFBIG);
	assert_int_equal(spec_manifest_kind(text.data, text.length, NULL, &kind, &err), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oci),  cmocka_unit_test(test_unknown_members), cmocka_unit_test(test_docker),
		cmocka_unit_test(test_kind), cmocka_unit_test(test_refused),	     cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
