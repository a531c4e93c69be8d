/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_take.h"

#include <fcntl.h>

/* Sources as a list of words; "NAME PATH" of all that is found, one per line, each source after its "written -> name". */
static char *take_all(struct spec_build_take take, const char *sources, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_build_taken_ struct build_taken taken = BUILD_TAKEN_INIT;
	_cleanup_close_ int fd = open(shell_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf out = BUF_INIT;
	char *words[16] = { NULL }, *save = NULL;
	size_t count = 0;

	for (char *word = strtok_r(arena_strdup(arena, sources), " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	take.sources = words;
	take.root_fd = fd;
	if (build_take(arena, &take, &taken, err) < 0)
		return NULL;
	for (size_t i = 0; i < taken.source_count; i++) {
		const struct build_source *source = &taken.sources[i];

		buf_printf(&out, "%s -> %s%s\n", source->written, source->name, source->is_directory ? "/" : "");
		for (size_t n = source->start; n < source->start + source->count; n++)
			buf_printf(&out, " %s (%s)%s\n", taken.list[n].name, taken.list[n].path, taken.list[n].first == n ? "" : " again");
	}
	for (const char **written = taken.unmatched; written && *written; written++)
		buf_printf(&out, "nothing fits %s\n", *written);
	return buf_take(&out);
}

static void expect(struct spec_build_take take, const char *sources, const char *expected)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *out = take_all(take, sources, &err);

	if (!out)
		fail_msg("%s: %s", sources, err.message);
	assert_string_equal(out, expected);
}

static void refused(struct spec_build_take take, const char *sources, const char *message, const char *hint)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *out = take_all(take, sources, &err);

	assert_null(out);
	assert_string_equal(err.message, message);
	assert_string_equal(err.hint, hint);
}

#define PLAIN ((struct spec_build_take){ .is_context = true })

static void make_tree(void)
{
	shell_run("mkdir -p d/e; echo a >a.c; echo b >b.c; echo x >d/x; ln d/x d/y; echo z >d/e/z; ln -s d link; ln -s a.c alias; ln -s nowhere broken");
}

static void test_sources(void **state _unused_)
{
	make_tree();
	expect(PLAIN, "a.c", "a.c -> a.c\n  (a.c)\n");
	expect(PLAIN, "d", "d -> d/\n e (d/e)\n e/z (d/e/z)\n x (d/x)\n y (d/y) again\n");
	expect(PLAIN, "d/e a.c", "d/e -> e/\n z (d/e/z)\na.c -> a.c\n  (a.c)\n");
	/* A link that is named is followed, one in a directory is taken. */
	expect(PLAIN, "alias", "alias -> alias\n  (a.c)\n");
	expect(PLAIN, "link/e", "link/e -> e/\n z (d/e/z)\n");
}

static void test_wildcards(void **state _unused_)
{
	make_tree();
	expect(PLAIN, "*.c", "*.c -> a.c\n  (a.c)\n*.c -> b.c\n  (b.c)\n");
	expect(PLAIN, "d/?", "d/? -> e/\n z (d/e/z)\nd/? -> x\n  (d/x)\nd/? -> y\n  (d/y)\n");
	expect(PLAIN, "*.h a.c", "a.c -> a.c\n  (a.c)\nnothing fits *.h\n");
}

static void test_left_out(void **state _unused_)
{
	struct spec_build_take ignoring = { .is_context = true, .ignore = (char *)"d/e\n*.c\n!b.c\n", .ignore_name = (char *)".dockerignore" };
	struct spec_build_take excluding = { .is_context = true, .excludes = (char *[]){ (char *)"x", NULL } };

	make_tree();
	expect(ignoring, "d", "d -> d/\n x (d/x)\n y (d/y) again\n");
	expect(ignoring, "*.c", "*.c -> b.c\n  (b.c)\n");
	expect(excluding, "d", "d -> d/\n e (d/e)\n e/z (d/e/z)\n y (d/y)\n");
}

static void test_parents(void **state _unused_)
{
	struct spec_build_take parents = { .is_context = true, .parents = true };

	make_tree();
	expect(parents, "d/e/z", "d/e/z -> /\n d (d)\n d/e (d/e)\n d/e/z (d/e/z)\n");
	expect(parents, "d/./e/z", "d/./e/z -> /\n e (d/e)\n e/z (d/e/z)\n");
}

static void test_refusals(void **state _unused_)
{
	struct spec_build_take ignoring = { .is_context = true, .ignore = (char *)"*.c\n", .ignore_name = (char *)".dockerignore" };

	make_tree();
	refused(PLAIN, "a.d", "there is no 'a.d'", "did you mean 'a.c'?");
	refused(ignoring, "a.c", "'a.c' is left out by '.dockerignore'", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_sources), shell_test(test_wildcards), shell_test(test_left_out), shell_test(test_parents), shell_test(test_refusals),
	};

	return cmocka_run_group_tests_name("transfer/build_take", tests, NULL, NULL);
}
