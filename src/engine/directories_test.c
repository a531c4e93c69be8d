/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/directories.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sys/stat.h>

static const struct directories_caller root_user = { .uid = 0, .home = "/root" };

static struct directories decide(struct arena *arena, const struct directories_caller *caller, const char *root, const char *run_root)
{
	struct directories ret = { .root = NULL };
	struct error err = ERROR_INIT;

	if (directories_decide(arena, caller, root, run_root, &ret, &err) < 0)
		fail_msg("%s", err.message);
	return ret;
}

static void test_defaults(void **state _unused_)
{
	static const struct {
		struct directories_caller caller;
		const char *root, *run_root;
	} cases[] = {
		{ { .uid = 0, .home = "/root", .data_home = "/other" }, "/var/lib/bivy", "/run/bivy" },
		{ { .uid = 5, .home = "/home-x", .data_home = "/data-x", .runtime_directory = "/run-x" }, "/data-x/bivy", "/run-x/bivy" },
		{ { .uid = 5, .home = "/home-x", .data_home = "relative" }, "/home-x/.local/share/bivy", "/tmp/bivy-5" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct directories found = decide(arena, &cases[i].caller, NULL, NULL);

		assert_string_equal(found.root, cases[i].root);
		assert_string_equal(found.run_root, cases[i].run_root);
		assert_string_equal(found.images, arena_printf(arena, "%s/images", cases[i].root));
	}
}

static void test_nowhere(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories_caller nobody = { .uid = 5 };
	struct directories found;
	struct error err = ERROR_INIT;

	assert_int_equal(directories_decide(arena, &nobody, NULL, NULL, &found, &err), -EINVAL);
	assert_string_equal(err.hint, "--root says it");
	assert_int_equal(directories_decide(arena, &nobody, "/x", NULL, &found, &err), 0);
	assert_int_equal(directories_decide(arena, &nobody, "", NULL, &found, &err), -EINVAL);
}

/* Each root has its own volatile directory, and the usual one has the usual one. */
static void test_engines_never_meet(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *one = decide(arena, &root_user, "/one", NULL).run_root, *two = decide(arena, &root_user, "/two", NULL).run_root;

	assert_true(str_starts_with(one, "/run/bivy-"));
	assert_string_not_equal(one, two);
	assert_string_equal(decide(arena, &root_user, "/one/", NULL).run_root, one);
	assert_string_equal(decide(arena, &root_user, "//./one", NULL).run_root, one);
	assert_string_equal(decide(arena, &root_user, "/var/lib/bivy", NULL).run_root, "/run/bivy");
	assert_string_equal(decide(arena, &root_user, "/one", "/volatile").run_root, "/volatile");
	assert_string_equal(decide(arena, &root_user, NULL, "/volatile").root, "/var/lib/bivy");
}

/* What exists is one directory under all its names; what does not is made absolute. */
static void test_names_of_one_directory(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char template[] = "/tmp/bivy-directories.XXXXXX";
	const char *top = mkdtemp(template), *real = NULL;
	struct directories found;

	assert_non_null(top);
	real = realpath(top, NULL);
	assert_int_equal(mkdir(arena_printf(arena, "%s/d", top), 0700), 0);
	assert_int_equal(symlink("d", arena_printf(arena, "%s/l", top)), 0);
	assert_int_equal(chdir(top), 0);
	found = decide(arena, &root_user, "l", NULL);
	assert_string_equal(found.root, arena_printf(arena, "%s/d", real));
	assert_string_equal(found.run_root, decide(arena, &root_user, arena_printf(arena, "%s/d", top), NULL).run_root);
	assert_string_equal(decide(arena, &root_user, "l/new/one", NULL).root, arena_printf(arena, "%s/d/new/one", real));
	assert_string_equal(decide(arena, &root_user, "new", NULL).root, arena_printf(arena, "%s/new", real));
	assert_int_equal(directories_decide(arena, &root_user, "new/../x", NULL, &found, NULL), -ENOENT);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(unlink(arena_printf(arena, "%s/l", top)), 0);
	assert_int_equal(rmdir(arena_printf(arena, "%s/d", top)), 0);
	assert_int_equal(rmdir(top), 0);
	free((char *)real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_engines_never_meet),
		cmocka_unit_test(test_names_of_one_directory),
	};

	return cmocka_run_group_tests_name("engine/directories", tests, NULL, NULL);
}
