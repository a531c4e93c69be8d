/* SPDX-License-Identifier: Apache-2.0 */
#include "store/images.h"
#include "base/file.h"
#include "store/scratch_test.h"

#include "spec/image_index.h"

#include <sys/wait.h>

#define HEX60 "123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define A "sha256:a" HEX60 "aaaa"
#define B "sha256:b" HEX60 "bbbb"
#define C "sha256:c" HEX60 "cccc"
#define A2 "sha256:a" HEX60 "2222"

static void put(const struct store *store, const char *name, const char *target, const char *id)
{
	struct image image = { .name = (char *)name, .media_type = (char *)SPEC_OCI_MANIFEST, .target = (char *)target, .target_size = 7,
			       .manifest = (char *)target, .id = (char *)id, .platform = (char *)"linux/amd64", .size = 1000 };
	struct error err = ERROR_INIT;

	if (image_put(store, &image, &err) < 0)
		fail_msg("%s", err.message);
}

/* "name=digit" of each entry: the first digit of its target. */
static char *summary(const struct store *store, struct arena *arena)
{
	struct image *images = NULL;
	size_t count = 0;
	char *text = arena_strdup(arena, "");
	struct error err = ERROR_INIT;

	if (image_list(store, arena, &images, &count, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s=%c", text, i ? " " : "", images[i].name ? images[i].name : "-", images[i].target[7]);
	return text;
}

static void test_everything_comes_back(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct image image = { .name = (char *)"docker.io/library/a:latest", .media_type = (char *)SPEC_OCI_INDEX, .target = (char *)A,
				     .target_size = 1234, .manifest = (char *)B, .id = (char *)C, .top_layer = (char *)A2,
				     .platform = (char *)"linux/arm64", .created = (char *)"2024-05-01T12:00:00Z", .size = 1ull << 40 };
	struct image found = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(image_put(&store, &image, &err), 0);
	assert_int_equal(image_find(&store, arena, "a", &found, &err), 0);
	assert_string_equal(found.name, image.name);
	assert_string_equal(found.media_type, image.media_type);
	assert_string_equal(found.target, A);
	assert_int_equal(found.target_size, 1234);
	assert_string_equal(found.manifest, B);
	assert_string_equal(found.id, C);
	assert_string_equal(found.top_layer, A2);
	assert_string_equal(found.platform, "linux/arm64");
	assert_string_equal(found.created, image.created);
	assert_true(found.size == 1ull << 40);
}

/* A name moves; what had it last stays without one until it gets another. */
static void test_names_move(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	put(&store, "x:1", A, A);
	put(&store, "y:1", A, A);
	put(&store, "x:1", A, A);
	assert_string_equal(summary(&store, arena), "y:1=a x:1=a");
	put(&store, "x:1", B, B);
	assert_string_equal(summary(&store, arena), "y:1=a x:1=b");
	put(&store, "y:1", B, B);
	assert_string_equal(summary(&store, arena), "x:1=b -=a y:1=b");
	put(&store, NULL, A, A);
	assert_string_equal(summary(&store, arena), "x:1=b y:1=b -=a");
	put(&store, NULL, B, B);
	assert_string_equal(summary(&store, arena), "x:1=b y:1=b -=a");
	put(&store, "z:1", A, A);
	assert_string_equal(summary(&store, arena), "x:1=b y:1=b z:1=a");
}

static void test_removal(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"x:1", .target = (char *)A };
	struct error err = ERROR_INIT;

	put(&store, "x:1", A, A);
	put(&store, "y:1", A, A);
	put(&store, NULL, B, B);
	assert_int_equal(image_remove(&store, &image, &err), 0);
	assert_string_equal(summary(&store, arena), "y:1=a -=b");
	assert_int_equal(image_remove(&store, &image, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.message, "no such image 'x:1'");
	image = (struct image){ .target = (char *)B };
	assert_int_equal(image_remove(&store, &image, &err), 0);
	assert_string_equal(summary(&store, arena), "y:1=a");
}

/* What each text finds: the first digit of its target, or the message. */
static void test_finding(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "app", "a" },
		{ "docker.io/library/app:latest", "a" },
		{ "app:old", "b" },
		{ "app@" A, "a" },
		{ "app:whatever@" B, "b" },
		{ "other/app@" A, "no such image 'other/app@" A "'" },
		{ "app:new", "no such image 'app:new'" },
		{ A, "a" },
		{ "a" HEX60 "aaaa", "a" },
		{ "b123", "b" },
		{ "sha256:b1", "b" },
		/* Names go first, so this is the repository "c", not the id that begins so. */
		{ "c", "b" },
		{ "c1", "c" },
		{ "a1", "'a1' is the beginning of several images' ids" },
		{ "a" HEX60 "22", "a" },
		{ "d", "no such image 'd'" },
		{ "sha256:", "no such image 'sha256:'" },
		{ "App", "invalid reference 'App': the repository must be lower case" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	put(&store, "docker.io/library/app:latest", A, A);
	put(&store, "docker.io/library/app:old", B, B);
	put(&store, "docker.io/library/c:latest", B, B);
	put(&store, NULL, C, C);
	put(&store, "quay.io/z:1", A2, A2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image image = { 0 };
		struct error err = ERROR_INIT;

		if (image_find(&store, arena, cases[i][0], &image, &err) == 0)
			assert_memory_equal(image.target + 7, cases[i][1], 1);
		else
			assert_string_equal(err.message, cases[i][1]);
	}
}

/* An index.json that another program wrote: its entries count, and what is unknown in it stays. */
static void test_foreign_index(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_free_ char *text = NULL;

	shell_run("printf '%s' '{\"schemaVersion\":2,\"x\":1,\"manifests\":[{\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"digest\":\"" A
		  "\",\"size\":3,\"annotations\":{\"" SPEC_ANNOTATION_REF_NAME "\":\"v1\",\"k\":\"v\"},\"y\":2}]}' >index.json");
	put(&store, "w:1", B, B);
	assert_string_equal(summary(&store, arena), "v1=a w:1=b");
	text = shell("cat index.json");
	assert_non_null(strstr(text, "\"annotations\":{\"" SPEC_ANNOTATION_REF_NAME "\":\"v1\",\"k\":\"v\"},\"y\":2}"));
	assert_non_null(strstr(text, ",\"x\":1}"));
}

static void test_damage(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_free_ char *message = str_printf("cannot read '%s/index.json': manifests: missing", shell_scratch);
	struct image image = { 0 };
	struct error err = ERROR_INIT;

	shell_run("echo '{}' >index.json");
	assert_true(image_find(&store, arena, "a", &image, &err) < 0);
	assert_string_equal(err.message, message);
	shell_run("rm index.json");
	assert_int_equal(image_find(&store, arena, "a", &image, &err), -ENOENT);
}

/* By its copy, which is that of the last change; without one it is damaged still. */
static void test_mending(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"one/more:1", .media_type = (char *)SPEC_OCI_MANIFEST, .target = (char *)A, .manifest = (char *)A,
		.id = (char *)A };
	struct image *images = NULL;
	size_t count = 0;
	bool mended = true;

	shell_run("echo '{}' >index.json");
	assert_true(image_mend(&store, &mended, NULL) < 0);
	assert_false(mended);
	shell_run("echo '{\"schemaVersion\":2,\"manifests\":[]}' >index.json");
	assert_int_equal(image_put(&store, &image, NULL), 0);
	assert_int_equal(image_mend(&store, &mended, NULL), 0);
	assert_false(mended);
	shell_run("truncate -s 20 index.json");
	assert_int_equal(image_mend(&store, &mended, NULL), 0);
	assert_true(mended);
	assert_int_equal(image_list(&store, arena, &images, &count, NULL), 0);
	assert_int_equal(count, 1);
	shell_run("rm index.json && mkdir -p index.json/x");
	assert_int_equal(image_mend(&store, &mended, NULL), 0);
	assert_true(mended);
	assert_int_equal(image_list(&store, arena, &images, &count, NULL), 0);
	assert_int_equal(count, 1);
}

/* Of many writers at once none loses its entry. */
static void test_concurrent_puts(void **state _unused_)
{
	enum { PROCESSES = 8, EACH = 5 };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image *images = NULL;
	size_t count = 0;

	for (int n = 0; n < PROCESSES; n++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < EACH; i++)
			put(&store, arena_printf(arena, "p%d:%d", n, i), A, A);
		_exit(0);
	}
	for (int n = 0; n < PROCESSES; n++) {
		int status = 0;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(image_list(&store, arena, &images, &count, NULL), 0);
	assert_int_equal(count, PROCESSES * EACH);
}

/* Many images are no end; too many are refused, and those that are there stay. */
static void test_many(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image *images = NULL, last = { .name = (char *)"one/more:1", .media_type = (char *)SPEC_OCI_MANIFEST, .target = (char *)A,
		.manifest = (char *)A, .id = (char *)A };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t count = 0;

	/* As long as entries of ours are. */
	buf_add_text(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (int i = 0; i < 15000; i++)
		buf_printf(&text, "%s{\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"digest\":\"" A "\",\"size\":1234,\"annotations\":{"
			   "\"" SPEC_ANNOTATION_REF_NAME "\":\"registry.example.com/some/where/n:%d\","
			   "\"" SPEC_ANNOTATION_CREATED "\":\"2024-05-01T12:00:00Z\",\"org.bivy.manifest\":\"" A "\",\"org.bivy.id\":\"" A "\","
			   "\"org.bivy.top-layer\":\"" A "\",\"org.bivy.platform\":\"linux/arm64\",\"org.bivy.size\":\"12345\"}}", i ? "," : "", i);
	buf_add_text(&text, "]}");
	assert_int_equal(file_replace_at(store.fd, "index.json", text.data, text.length, 0600), 0);
	assert_int_equal(image_list(&store, arena, &images, &count, &err), 0);
	assert_int_equal(count, 15000);
	assert_int_equal(image_put(&store, &last, &err), -EFBIG);
	assert_int_equal(image_remove(&store, &images[7], &err), 0);
	assert_int_equal(image_put(&store, &last, &err), 0);
	assert_int_equal(image_list(&store, arena, &images, &count, &err), 0);
	assert_string_equal(images[14999].name, "one/more:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_everything_comes_back), shell_test(test_names_move), shell_test(test_removal),	       shell_test(test_finding),
		shell_test(test_foreign_index),		shell_test(test_damage),     shell_test(test_concurrent_puts), shell_test(test_many),
		shell_test(test_mending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
