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
	shell_run("mkdir -p volumes/mine/_data volumes/nameless/_data");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_volumes_stay_if_nobody_says_otherwise),
		SCRATCH_TEST(test_volumes_of_rm_go_with_it),
	};

	return cmocka_run_group_tests_name("container_removal", tests, NULL, NULL);
}
