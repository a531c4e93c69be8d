/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts stand for bivy-transfer, which is not believed whatever it says. */
#include "engine/build_download.h"
#include "store/shell_test.h"

#define URL "http://host/file"
#define DIGEST "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void make_program(const char *script)
{
	_cleanup_free_ char *command = str_printf("mkdir -p here && cat >program <<'END'\n#!/bin/sh\n%s\nEND\nchmod +x program", script);
	_cleanup_free_ char *path = str_printf("%s/program", shell_scratch);

	shell_run(command);
	assert_int_equal(setenv("BIVY_TRANSFER", path, 1), 0);
}

static int download(struct arena *arena, const char *checksum, const char **ret_digest, bool *ret_known, struct error *err)
{
	const struct directories directories = { .root = shell_scratch };
	const struct build_download request = { .url = URL, .checksum = checksum, .directory = arena_printf(arena, "%s/here", shell_scratch), .name = "file",
		.vertex = (size_t)-1 };
	const struct build_request without_secrets = { .secrets = NULL };
	struct build build = { .arena = arena, .request = &without_secrets, .directories = &directories };

	*err = ERROR_INIT;
	return build_download(&build, &request, ret_digest, ret_known, err);
}

static void test_unchanged_is_what_was_asked_about(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *digest = NULL;
	bool is_known = true;
	struct error err;

	make_program("case $* in *' --etag e -- '*) echo '{\"unchanged\":true}';; *) echo '{\"url\":\"" URL "\",\"etag\":\"e\",\"digest\":\"" DIGEST "\"}';; esac");
	assert_int_equal(download(arena, NULL, &digest, &is_known, &err), 0);
	assert_string_equal(digest, DIGEST);
	assert_false(is_known);
	shell_run("rm here/file");
	assert_int_equal(download(arena, NULL, &digest, &is_known, &err), 0);
	assert_string_equal(digest, DIGEST);
	assert_true(is_known);
	shell_expect("ls -A here", "file\n");
}

static void test_unchanged_without_being_asked(void **state _unused_)
{
	static const char *const first[] = {
		"echo '{}'", /* nothing is known afterwards */
		"echo '{\"url\":\"" URL "\",\"digest\":\"" DIGEST "\"}'", /* without an ETag it has all to come again */
	};

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *digest = "untouched";
		bool is_known = false;
		struct error err;

		make_program(first[i]);
		assert_int_equal(download(arena, NULL, &digest, &is_known, &err) == 0, i == 1);
		shell_run("rm -rf here && mkdir here");
		make_program("echo '{\"unchanged\":true}'");
		for (int with_checksum = 0; with_checksum < 2; with_checksum++) {
			/* One that is not what is known: that would spare asking. */
			const char *checksum = with_checksum ? "sha256:" "00000000000000000000000000000000" "00000000000000000000000000000000" : NULL;

			assert_true(download(arena, checksum, &digest, &is_known, &err) < 0);
			assert_string_equal(err.message, "bivy-transfer does not say what came");
			shell_run("rm -rf here && mkdir here");
		}
	}
}

static void test_checksum(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *digest = NULL;
	bool is_known = true;
	struct error err;

	make_program("echo '{\"url\":\"" URL "\",\"digest\":\"" DIGEST "\"}'");
	assert_int_equal(download(arena, "sha256:00", &digest, &is_known, &err), -EINVAL);
	assert_string_equal(err.message, "'" URL "' has the digest " DIGEST ", not sha256:00");
	shell_run("rm -f here/.bivy-download");
	assert_int_equal(download(arena, DIGEST, &digest, &is_known, &err), 0);
	assert_false(is_known);
	/* It is known by now, and needs no asking. */
	make_program("exit 9");
	shell_run("rm here/file");
	assert_int_equal(download(arena, DIGEST, &digest, &is_known, &err), 0);
	assert_string_equal(digest, DIGEST);
	assert_true(is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_unchanged_is_what_was_asked_about),
		shell_test(test_unchanged_without_being_asked),
		shell_test(test_checksum),
	};

	return cmocka_run_group_tests_name("engine/build_download", tests, NULL, NULL);
}
