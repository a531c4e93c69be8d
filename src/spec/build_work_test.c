/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_work.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A "sha256:" HEX
#define B "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What is decoded from TEXT is written as WANTED (NULL: the same), and that is the same once more. */
#define CHECK(name, text_, wanted_) do { \
	_cleanup_arena_ struct arena *arena = arena_new(); \
	const char *text = (text_), *wanted = (wanted_) ? (wanted_) : text; \
	struct spec_build_##name work; \
	struct error err = ERROR_INIT; \
	\
	for (int round = 0; round < 2; round++) { \
		_cleanup_buf_ struct buf out = BUF_INIT; \
		int r = spec_build_##name##_decode(arena, text, strlen(text), &work, &err); \
		\
		if (r < 0) \
			print_message("%s\n", err.message); \
		assert_int_equal(r, 0); \
		spec_build_##name##_encode(&work, &out); \
		assert_int_equal(out.data[out.length - 1], '\n'); \
		out.data[out.length - 1] = '\0'; \
		assert_string_equal(out.data, wanted); \
		text = arena_strdup(arena, out.data); \
	} \
} while (0)

#define REFUSE(name, text, message_) do { \
	_cleanup_arena_ struct arena *arena = arena_new(); \
	struct spec_build_##name work; \
	struct error err = ERROR_INIT; \
	\
	assert_true(spec_build_##name##_decode(arena, text, strlen(text), &work, &err) < 0); \
	assert_string_equal(err.message, message_); \
} while (0)

#define TAKE "{\"root\":7,\"ignore\":\"*.o\\n!a.o\\n\",\"ignoreName\":\".dockerignore\",\"index\":\"/i\",\"sources\":[\"a\",\"b*\"],\"parents\":true," \
	"\"excludes\":[\"*.c\"],\"isContext\":true,\"unpack\":true}"

static void test_digest(void **state _unused_)
{
	CHECK(digest, "{\"takes\":[" TAKE ",{\"root\":0,\"sources\":[\"\"]}]}", NULL);
	CHECK(digest, "{\"takes\":[{\"root\":3,\"x\":1}],\"y\":null}", "{\"takes\":[{\"root\":3,\"sources\":[]}]}");
	CHECK(digest, "{\"takes\":[]}", NULL);
	CHECK(digest_report, "{\"takes\":[{\"digest\":\"" A "\",\"entries\":3,\"bytes\":18446744073709551615},{\"digest\":\"" B "\"}]}", NULL);
	CHECK(digest_report, "{}", NULL);
	REFUSE(digest, "{}", "takes: missing");
	REFUSE(digest, "[]", "work: expected object, found array");
	REFUSE(digest, "{\"takes\":[{}]}", "takes[0].root: missing");
	REFUSE(digest, "{\"takes\":[{\"root\":-1}]}", "takes[0].root: -1 is out of range (0 to 2147483647)");
	REFUSE(digest_report, "{\"takes\":[{\"digest\":\"sha256:0\"}]}", "takes[0].digest: expected a digest");
}

static void test_copy(void **state _unused_)
{
	CHECK(copy, "{\"takes\":[" TAKE "],\"files\":[{\"name\":\"a/b\",\"content\":\"\"},{\"name\":\"c\",\"content\":\"x\\n\"}],\"statements\":[{\"name\":\"s.json\",\"type\":\"t\",\"predicate\":\"{}\"}],\"root\":9,"
		"\"destination\":\"/d/\",\"chown\":\"u:g\",\"chmod\":\"u=rwX\",\"epoch\":0,\"directoryOnly\":true}", NULL);
	CHECK(copy, "{\"root\":9,\"destination\":\"/\",\"epoch\":-1}", NULL);
	CHECK(copy, "{\"root\":9,\"destination\":\"/\",\"wantsDigest\":true,\"layer\":{\"parent\":\"" A "\",\"upper\":\"/u\",\"wantsBlob\":true,"
		"\"compression\":\"zstd\",\"compressionLevel\":3}}", NULL);
	CHECK(copy_report, "{\"entries\":1,\"bytes\":2}", NULL);
	CHECK(copy_report, "{\"digest\":\"" A "\",\"layer\":{\"chainId\":\"" A "\",\"diffId\":\"" B "\",\"blob\":\"" A
		"\",\"mediaType\":\"m\",\"blobSize\":5}}", NULL);
	REFUSE(copy, "{\"root\":1,\"destination\":\"/\",\"layer\":{\"parent\":\"x\"}}", "layer.parent: expected a digest");
	REFUSE(copy, "{\"root\":1,\"destination\":\"/\",\"layer\":{}}", "layer: expected upper");
	REFUSE(copy_report, "{\"layer\":{\"chainId\":\"" A "\"}}", "layer.diffId: missing");
	REFUSE(copy, "{\"root\":1}", "destination: missing");
	REFUSE(copy, "{\"root\":1,\"destination\":\"a\"}", "destination: 'a' is not an absolute path");
	REFUSE(copy, "{\"root\":1,\"destination\":\"/\",\"files\":[{\"name\":\"a\"}]}", "files[0].content: missing");
}

static void test_not_given(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char text[] = "{\"root\":9,\"destination\":\"/a\"}";
	struct spec_build_copy work;

	assert_int_equal(spec_build_copy_decode(arena, text, strlen(text), &work, NULL), 0);
	assert_false(work.has_epoch);
	assert_null(work.chown);
	assert_int_equal(work.root_fd, 9);
}

static void test_layer(void **state _unused_)
{
	CHECK(layer, "{\"parent\":\"" A "\",\"upper\":\"/u\",\"mountpoints\":[\"/proc\",\"/a/b\"],\"epoch\":5,\"rewritesTimes\":true}", NULL);
	CHECK(layer, "{\"clone\":\"" A "\"}", NULL);
	CHECK(layer, "{\"merge\":[\"" A "\",\"" B "\"]}", NULL);
	REFUSE(layer, "{\"merge\":[\"../x\"]}", "merge: '../x' is no digest");
	CHECK(layer_report, "{\"chainId\":\"" A "\",\"diffId\":\"" B "\",\"size\":1,\"members\":2}", NULL);
	REFUSE(layer, "{}", "expected one of upper, clone and merge");
	REFUSE(layer, "{\"upper\":\"/u\",\"clone\":\"" A "\"}", "expected one of upper, clone and merge");
	REFUSE(layer, "{\"upper\":\"/u\",\"parent\":\"../x\"}", "parent: expected a digest");
	REFUSE(layer_report, "{\"chainId\":\"" A "\"}", "diffId: missing");
}

#define LAYER "{\"chainId\":\"" A "\",\"diffId\":\"" B "\",\"digest\":\"" A "\",\"mediaType\":\"m\",\"size\":4}"
#define BARE "{\"chainId\":\"" B "\",\"diffId\":\"" B "\"}"

static void test_image(void **state _unused_)
{
	CHECK(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"linux/amd64\",\"annotations\":{\"a\":\"b\"},"
		"\"descriptorAnnotations\":{\"e\":\"f\"},\"layers\":[" LAYER "," BARE "],"
		"\"statements\":{\"https://x/y\":\"{}\"}}],\"wantsIndex\":true,\"dockerTypes\":true,\"compression\":\"zstd\",\"forceCompression\":true,"
		"\"compressionLevel\":9,\"annotations\":{\"c\":\"d\"},\"names\":[\"n:t\"],\"isUnlisted\":true,\"created\":\"2020-01-01T00:00:00Z\"}", NULL);
	CHECK(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\"}]}", "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\"}],\"names\":[]}");
	CHECK(image_report, "{\"id\":\"" A "\",\"digest\":\"" B "\",\"mediaType\":\"m\",\"size\":7,\"parts\":[{\"id\":\"" A "\",\"digest\":\"" B
		"\",\"layers\":[" LAYER "]},{\"id\":\"" A "\",\"digest\":\"" B "\"}]}", NULL);
	REFUSE(image, "{\"parts\":[]}", "parts: expected at least one");
	REFUSE(image, "{\"parts\":[{\"config\":\"{}\"}]}", "parts[0].platform: missing");
	REFUSE(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\",\"layers\":[{\"chainId\":\"" A "\",\"diffId\":\"" B "\",\"digest\":\"" A "\"}]}]}",
		"parts[0].layers[0].mediaType: missing");
	REFUSE(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\",\"layers\":[{\"chainId\":\"" A "\"}]}]}", "parts[0].layers: expected chainId and diffId");
	REFUSE(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\",\"layers\":[{\"directory\":\"/d\"}]}]}", "parts[0].layers: expected chainId and diffId");
}

#define ELSEWHERE "{\"digest\":\"" A "\",\"mediaType\":\"m\",\"size\":4,\"isElsewhere\":true}"

static void test_artifact(void **state _unused_)
{
	CHECK(image, "{\"parts\":[{\"config\":\"{}\",\"platform\":\"p\",\"artifactType\":\"t\",\"layers\":[" BARE "," ELSEWHERE ",{\"directory\":\"/d\"}]}],"
		"\"names\":[]}", NULL);
}

static void test_fetch(void **state _unused_)
{
	CHECK(fetch, "{\"layers\":[" LAYER "," BARE "]}", NULL);
	CHECK(fetch, "{\"layers\":[" LAYER "],\"blobsOnly\":true}", NULL);
	CHECK(fetch, "{\"layers\":[" LAYER "],\"directory\":\"/d\"}", NULL);
	REFUSE(fetch, "{}", "layers: missing");
	REFUSE(fetch, "{\"layers\":[{\"chainId\":\"" A "\"}]}", "layers[0].diffId: missing");
	REFUSE(fetch, "{\"layers\":[" LAYER "," BARE "],\"blobsOnly\":true}", "layers[1].digest: missing");
	REFUSE(fetch, "{\"layers\":[],\"directory\":\"/d\"}", "layers: expected one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_not_given),
		cmocka_unit_test(test_layer),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_artifact),
		cmocka_unit_test(test_fetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
