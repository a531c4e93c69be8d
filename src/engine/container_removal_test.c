/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_removal.h"
#include "engine/container_scratch_test.h"
#include "engine/containers.h"

static bool is_there(const char *path)
{
	_cleanup_free_ char *full = str_printf("%s/%s", shell_scratch, path);

	return access(full, F_OK) == 0;
}

/* A container with two volumes, of which one was made for it. */
static void put_with_volumes(const char *name, char key, bool auto_remove)
{
	struct spec_container_mount mounts[] = {
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"mine", .target = (char *)"/a" },
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"nameless", .target = (char *)"/b", .anonymous = true },
	};
	const struct spec_container base = { .host = { .mounts = mounts, .mount_count = ARRAY_SIZE(mounts), .auto_remove = auto_remove } };

	scratch_put(name, key, &base);
	shell_run("for name in mine nameless; do mkdir -p volumes/$name/_data; echo '{\"Name\":\"'$name'\"}' >volumes/$name/volume.json; done");
}

static void assert_removed(const char *name, unsigned flags)
{
	const struct directories directories = scratch_directories();
	struct error err = ERROR_INIT;

	if (container_remove(&directories, name, flags, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_volumes_stay_if_nobody_says_otherwise(void **state _unused_)
{
	put_with_volumes("web", 'a', false);
	assert_removed("web", CONTAINER_REMOVE_FORCE);
	assert_true(is_there("volumes/mine") && is_there("volumes/nameless"));
	put_with_volumes("web", 'a', false);
	assert_removed("web", CONTAINER_REMOVE_VOLUMES);
	assert_true(is_there("volumes/mine") && !is_there("volumes/nameless"));
}

/* Whoever removes it is as good as its end. */
static void test_volumes_of_rm_go_with_it(void **state _unused_)
{
	put_with_volumes("web", 'a', true);
	assert_removed("web", CONTAINER_REMOVE_FORCE);
	assert_true(is_there("volumes/mine") && !is_there("volumes/nameless"));
}

/* Nobody's order of reading the directory decides. */
static void test_prune_takes_those_that_need_others_first(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container needs_a = { .host = { .requires = (char *[]){ scratch_id(arena, 'a'), NULL } } };
	struct spec_container joins_b = { .host = { .network_mode = arena_printf(arena, "container:%s", scratch_id(arena, 'b')) } };
	struct spec_container joins_c = { .host = { .user_namespace = arena_printf(arena, "container:%s", scratch_id(arena, 'c')) } };
	struct container_prune_report report;
	struct error err = ERROR_INIT;

	scratch_put("first", 'a', NULL);
	scratch_put("second", 'b', &needs_a);
	scratch_put("third", 'c', &joins_b);
	scratch_put("fourth", 'd', &joins_c);
	if (container_prune(arena, &directories, NULL, &report, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(strv_length(report.ids), 4);
	assert_string_equal(report.ids[0], scratch_id(arena, 'd'));
	assert_string_equal(report.ids[3], scratch_id(arena, 'a'));
}

static void test_prune_leaves_what_runs_and_what_that_needs(void **state _unused_)
{
	const struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .pid = 5, .started = (char *)"2024-01-02T00:00:00Z" };
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container needs_a = { .host = { .requires = (char *[]){ scratch_id(arena, 'a'), NULL } } };
	struct container_prune_report report;
	int lock;

	scratch_put("first", 'a', NULL);
	scratch_put("second", 'b', &needs_a);
	scratch_put("other", 'c', NULL);
	scratch_put_state('b', &running, true);
	lock = scratch_supervise('b');
	assert_int_equal(container_prune(arena, &directories, NULL, &report, NULL), 0);
	assert_int_equal(strv_length(report.ids), 1);
	assert_string_equal(report.ids[0], scratch_id(arena, 'c'));
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_volumes_stay_if_nobody_says_otherwise),
		SCRATCH_TEST(test_volumes_of_rm_go_with_it),
		SCRATCH_TEST(test_prune_takes_those_that_need_others_first),
		SCRATCH_TEST(test_prune_leaves_what_runs_and_what_that_needs),
	};

	return cmocka_run_group_tests_name("container_removal", tests, NULL, NULL);
}
