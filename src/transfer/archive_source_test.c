/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"
#include "store/scratch_test.h"
#include "transfer/archive_source.h"

#include "spec/image_config.h"
#include "store/digest.h"

/*
 * Shell functions: `layer NAME [COMPRESSOR]` makes the archive NAME of a file
 * called the same; its diff id is in NAME.id. `config` prints a configuration
 * with the layers given; `digest` that of the standard input.
 */
#define FUNCTIONS \
	"digest() { sha256sum | cut -c-64; }\n" \
	"layer() { mkdir -p \"tree-$1\" && echo \"$1\" >\"tree-$1/$1\" && tar c --mtime=@0 -C \"tree-$1\" . >plain && digest <plain >\"$1.id\" &&" \
	" ${2:-cat} <plain >\"$1\"; }\n" \
	"config() { printf '{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":['; comma=;" \
	" for name; do printf '%s\"sha256:%s\"' \"$comma\" \"$(cat $name.id)\"; comma=,; done; printf ']}}'; }\n" \
	"mkdir a && cd a && set -e\n"

static void expect_opened(const struct store *store, const char *name, struct archive_source *ret)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	struct error err = ERROR_INIT;

	if (archive_source_open(store, path, ret, &err) < 0)
		fail_msg("%s", err.message);
}

/* Every blob of the manifest has the size and digest that this says, and the configuration its layers' diff ids; *RET is in ARENA. */
static void expect_consistent(struct arena *arena, struct archive_source *source, size_t i, struct spec_manifest **ret)
{
	struct source_document document = { .body = BUF_INIT };
	struct error err = ERROR_INIT;

	if (source->source.ops->get_document(source->source.context, source->images[i].digest, &document, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(document.digest, source->images[i].digest);
	assert_int_equal(spec_manifest_decode(arena, document.body.data, document.body.length, ret, NULL), 0);
	free(document.digest);
	buf_done(&document.body);
	for (size_t n = 0; n <= (*ret)->layer_count; n++) {
		const struct spec_descriptor *blob = n ? &(*ret)->layers[n - 1] : &(*ret)->config;
		_cleanup_digest_ struct digest *digest = digest_new("sha256");
		struct source_blob opened = { .state = NULL };
		struct digest_tap tap = { .digest = digest };
		char text[DIGEST_TEXT_SIZE];

		assert_int_equal(source->source.ops->open_blob(source->source.context, blob, 0, &opened, NULL), 0);
		tap.upstream = opened.stream;
		assert_int_equal(stream_drain(digest_stream(&tap), NULL), 0);
		digest_finish(digest, text);
		assert_string_equal(text, blob->digest);
		assert_int_equal(tap.length, blob->size);
		source->source.ops->close_blob(source->source.context, &opened);
	}
}

static void test_old_docker_archive(void **state _unused_)
{
	static const char *const names[] = { "a.tar", "a.tar.gz", "a.tar.xz", "a" };
	struct store store = scratch_store();

	/* Two images; a layer that both have is a link in the second's directory. */
	shell_run(FUNCTIONS
		"layer one; layer two; layer three; mkdir 1 2 3; mv one 1/layer.tar; mv two 2/layer.tar; ln -s ../1/layer.tar 3/layer.tar\n"
		"config one two >x.json; config one >y.json; rm -r tree-* plain *.id three\n"
		"echo '[{\"Config\":\"x.json\",\"RepoTags\":[\"debian:12\",\"localhost:5000/x\"],\"Layers\":[\"1/layer.tar\",\"2/layer.tar\"]},"
		"{\"Config\":\"y.json\",\"RepoTags\":null,\"Layers\":[\"3/layer.tar\"]}]' >manifest.json\n"
		"tar cf ../a.tar . && gzip -k ../a.tar && xz -k ../a.tar");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_archive_source_ struct archive_source source;
		struct spec_manifest *manifest = NULL;

		expect_opened(&store, names[i], &source);
		assert_int_equal(source.count, 2);
		assert_string_equal(source.images[0].names[0], "docker.io/library/debian:12");
		assert_string_equal(source.images[0].names[1], "localhost:5000/x:latest");
		assert_null(source.images[0].names[2]);
		assert_string_equal(source.images[0].title, source.images[0].names[0]);
		assert_null(source.images[1].names[0]);
		assert_string_equal(source.images[1].title, source.images[1].digest);
		expect_consistent(arena, &source, 0, &manifest);
		assert_int_equal(manifest->layer_count, 2);
		assert_string_equal(manifest->layers[1].media_type, SPEC_OCI_LAYER);
		expect_consistent(arena, &source, 1, &manifest);
		assert_int_equal(manifest->layer_count, 1);
	}
	store_close(&store);
}

static void test_compressed_layers(void **state _unused_)
{
	static const char *const types[] = { SPEC_OCI_LAYER_GZIP, SPEC_OCI_LAYER_ZSTD, SPEC_OCI_LAYER, SPEC_OCI_LAYER, SPEC_OCI_LAYER };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_archive_source_ struct archive_source source;
	struct spec_manifest *manifest = NULL;
	struct store store = scratch_store();

	/* No media type tells of xz and bzip2: what is inside counts. */
	shell_run(FUNCTIONS "layer one gzip; layer two 'zstd -c'; layer three 'xz -c'; layer four 'bzip2 -c'; layer five; config one two three four five >c\n"
		"echo '[{\"Config\":\"c\",\"RepoTags\":[\"x\"],\"Layers\":[\"one\",\"two\",\"three\",\"four\",\"five\"]}]' >manifest.json; tar cf ../a.tar .");
	expect_opened(&store, "a.tar", &source);
	assert_int_equal(source.count, 1);
	expect_consistent(arena, &source, 0, &manifest);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_string_equal(manifest->layers[i].media_type, types[i]);
	store_close(&store);
}

#define LAYOUT \
	FUNCTIONS \
	"blob() { d=$(digest <$1); s=$(stat -c %s $1); mkdir -p blobs/sha256; mv $1 blobs/sha256/$d; }\n" \
	"layer one gzip; config one >c; blob one; l=\"{\\\"mediaType\\\":\\\"" SPEC_OCI_LAYER_GZIP "\\\",\\\"digest\\\":\\\"sha256:$d\\\",\\\"size\\\":$s}\"\n" \
	"blob c; echo \"{\\\"schemaVersion\\\":2,\\\"config\\\":{\\\"mediaType\\\":\\\"" SPEC_OCI_CONFIG "\\\",\\\"digest\\\":\\\"sha256:$d\\\",\\\"size\\\":$s},\\\"layers\\\":[$l]}\" >m\n" \
	"blob m; m=\"\\\"mediaType\\\":\\\"" SPEC_OCI_MANIFEST "\\\",\\\"digest\\\":\\\"sha256:$d\\\",\\\"size\\\":$s\"\n" \
	"rm -r tree-* plain *.id; echo '{\"imageLayoutVersion\":\"1.0.0\"}' >oci-layout\n"

static void test_layout(void **state _unused_)
{
	static const char *const names[] = { "a.tar", "a" };
	struct store store = scratch_store();

	shell_run(LAYOUT
		"echo \"{\\\"schemaVersion\\\":2,\\\"manifests\\\":[{$m,\\\"annotations\\\":{\\\"org.opencontainers.image.ref.name\\\":\\\"latest\\\"}},"
		"{$m,\\\"annotations\\\":{\\\"io.containerd.image.name\\\":\\\"docker.io/library/x:1\\\",\\\"org.opencontainers.image.ref.name\\\":\\\"1\\\"}},"
		"{$m,\\\"annotations\\\":{\\\"org.opencontainers.image.ref.name\\\":\\\"y:2\\\"}}]}\" >index.json; tar cf ../a.tar .");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_archive_source_ struct archive_source source;
		struct spec_manifest *manifest = NULL;

		expect_opened(&store, names[i], &source);
		/* A tag alone is no name. */
		assert_int_equal(source.count, 1);
		assert_string_equal(source.images[0].names[0], "docker.io/library/x:1");
		assert_string_equal(source.images[0].names[1], "docker.io/library/y:2");
		assert_null(source.images[0].names[2]);
		assert_false(source.images[0].is_whole);
		expect_consistent(arena, &source, 0, &manifest);
		assert_int_equal(manifest->layer_count, 1);
	}
	store_close(&store);
}

static void test_index(void **state _unused_)
{
	_cleanup_archive_source_ struct archive_source whole, part;
	struct store store = scratch_store();

	shell_run(LAYOUT
		"echo \"{\\\"schemaVersion\\\":2,\\\"manifests\\\":[{$m,\\\"platform\\\":{\\\"os\\\":\\\"linux\\\",\\\"architecture\\\":\\\"amd64\\\"}}]}\" >i; blob i\n"
		"echo \"{\\\"schemaVersion\\\":2,\\\"manifests\\\":[{\\\"mediaType\\\":\\\"" SPEC_OCI_INDEX "\\\",\\\"digest\\\":\\\"sha256:$d\\\",\\\"size\\\":$s}]}\" >index.json\n"
		"tar cf ../a.tar .\n"
		"rm blobs/sha256/$(echo \"$l\" | sed -n 's/.*sha256:\\([0-9a-f]*\\).*/\\1/p'); tar cf ../b.tar .");
	expect_opened(&store, "a.tar", &whole);
	assert_true(whole.images[0].is_whole);
	expect_opened(&store, "b.tar", &part);
	assert_false(part.images[0].is_whole);
	store_close(&store);
}

static void expect_refusal(const struct store *store, const char *command, const char *message)
{
	_cleanup_free_ char *path = str_printf("%s/a.tar", shell_scratch), *line = str_printf("%s%s\ntar cPf ../a.tar .", FUNCTIONS, command);
	_cleanup_free_ char *wanted = str_printf(message, path);
	struct archive_source source;
	struct error err = ERROR_INIT;

	shell_run("rm -rf a a.tar");
	shell_run(line);
	assert_true(archive_source_open(store, path, &source, &err) < 0);
	assert_string_equal(err.message, wanted);
}

static void test_refused(void **state _unused_)
{
	struct store store = scratch_store();

	expect_refusal(&store, "touch x", "cannot load '%s': there are no images in it");
	expect_refusal(&store, "echo '{}' >repositories", "cannot load '%s': it is of a docker before 1.10, which nothing writes since 2016");
	expect_refusal(&store, "echo '[{\"Config\":\"c\"}]' >manifest.json", "cannot load '%s': 'c': no such file or directory");
	expect_refusal(&store, "echo '[{\"Config\":\"../c\"}]' >manifest.json", "cannot load '%s': [0].Config: '../c' cannot be the name of a member");
	expect_refusal(&store, "echo '[{\"Config\":\"c\"}]' >manifest.json; ln -s /etc/hostname c", "cannot load '%s': 'c': no plain file");
	expect_refusal(&store, "echo '[{\"Config\":\"c\"}]' >manifest.json; mkfifo c", "cannot load '%s': 'c': no plain file");
	expect_refusal(&store, "layer one; config one >c; echo '[{\"Config\":\"c\"}]' >manifest.json",
		"cannot load '%s': 'c': it is about 1 layers, but the archive has 0");
	expect_refusal(&store, "layer one; config one >c; echo '[{\"Config\":\"c\",\"Layers\":[\"two\"]}]' >manifest.json",
		"cannot load '%s': 'two': no such file or directory");
	expect_refusal(&store, "layer one; config one >c; echo '[{\"Config\":\"c\",\"RepoTags\":[\"A\"],\"Layers\":[\"one\"]}]' >manifest.json",
		"cannot load '%s': 'manifest.json': invalid reference 'A': the repository must be lower case");
	expect_refusal(&store, "layer one 'xz -c'; config one >c; truncate -s 60 one; echo '[{\"Config\":\"c\",\"Layers\":[\"one\"]}]' >manifest.json",
		"cannot load '%s': 'one': cannot decompress xz: it ends too early");
	expect_refusal(&store, "echo '[]' >index.json", "cannot load '%s': 'index.json': index: expected object, found array");
	store_close(&store);
}

/* A directory is a stranger's as much as an archive. */
static void test_directory_is_the_root(void **state _unused_)
{
	_cleanup_free_ char *path = NULL;
	struct store store = scratch_store();
	struct archive_source source;
	struct error err = ERROR_INIT;

	shell_run(FUNCTIONS "layer one; config one >../c; ln -s ../c c; echo '[{\"Config\":\"c\",\"Layers\":[\"one\"]}]' >manifest.json");
	path = str_printf("%s/a", shell_scratch);
	assert_true(archive_source_open(&store, path, &source, &err) < 0);
	/* The link leads to itself: ".." of the root is the root. */
	assert_non_null(strstr(err.message, "/a': 'c': "));
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_old_docker_archive),
		shell_test(test_compressed_layers),
		shell_test(test_layout),
		shell_test(test_index),
		shell_test(test_refused),
		shell_test(test_directory_is_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
