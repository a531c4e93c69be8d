/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat_groups.h"

#include "engine/container_new.h"
#include "engine/container_scratch_test.h"
#include "host/cgroup_world.h"

#include <sys/stat.h>

static char id[CONTAINER_ID_LENGTH + 1]; /* this process's */
static struct cgroup_world world;

static int find_world(void **state _unused_)
{
	snprintf(id, sizeof id, "%064d", (int)getpid());
	return cgroup_world_load(&world);
}

static int leave_world(void **state _unused_)
{
	cgroup_world_done(&world);
	return 0;
}

#define NEED_CGROUPS()                                                                                       \
	do {                                                                                                 \
		if (geteuid() != 0 || world.count == 0 || access(world.hierarchies[0].mount, W_OK) < 0) { \
			print_message("missing: root and writable cgroups\n");                               \
			skip();                                                                              \
		}                                                                                            \
	} while (0)

/* In how many hierarchies there is its group. */
static size_t count_groups(void)
{
	size_t count = 0;

	for (size_t i = 0; i < world.count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world.hierarchies[i];
		_cleanup_free_ char *path = str_printf("%s%s/bivy/%s", hierarchy->mount, hierarchy->top_path ? hierarchy->top_path : "", id);

		count += access(path, F_OK) == 0;
	}
	return count;
}

static bool has_mark(void)
{
	_cleanup_free_ char *path = str_printf("%s/run/groups/%s", shell_scratch, id);

	return access(path, F_OK) == 0;
}

static struct directories make_directories(void)
{
	const struct directories directories = scratch_directories();

	assert_int_equal(mkdir(directories.run_root, 0700), 0);
	return directories;
}

static void test_life(void **state _unused_)
{
	struct directories directories;
	struct error err = ERROR_INIT;

	NEED_CGROUPS();
	directories = make_directories();
	if (seat_groups_make(&directories, id, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count_groups(), world.count);
	assert_true(has_mark());
	/* What was handed over is somebody else's to remove. */
	seat_groups_hand_over(&directories, id);
	assert_false(has_mark());
	assert_int_equal(seat_groups_remove(&directories, id, &err), 0);
	assert_int_equal(count_groups(), world.count);
	/* Killed between two of them. */
	assert_int_equal(seat_groups_make(&directories, id, &err), 0);
	if (world.count > 1) {
		_cleanup_free_ char *path = str_printf("%s/bivy/%s", world.hierarchies[1].mount, id);

		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(seat_groups_remove(&directories, id, &err), 0);
	assert_int_equal(count_groups(), 0);
	assert_false(has_mark());
	assert_int_equal(seat_groups_remove(&directories, id, &err), 0);
}

/* Nothing is touched as long as somebody holds the lock, under the one name or the other. */
static void test_sweep(void **state _unused_)
{
	struct directories directories;
	_cleanup_close_ int parent = -EBADF;
	_cleanup_free_ char *name = container_new_name(id);
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	NEED_CGROUPS();
	directories = make_directories();
	assert_int_equal(container_new_open_parent(&directories, &parent, &err), 0);
	assert_int_equal(container_new_make(&directories, parent, id, &fd, &err), 0);
	assert_int_equal(seat_groups_make(&directories, id, &err), 0);
	seat_groups_sweep(&directories);
	assert_int_equal(renameat(parent, name, parent, id), 0);
	seat_groups_sweep(&directories);
	assert_int_equal(count_groups(), world.count);
	assert_int_equal(seat_groups_finish(&directories, id, true, &err), 0);
	close(fd);
	assert_int_equal(seat_groups_finish(&directories, id, true, &err), 1);
	assert_int_equal(count_groups(), world.count);
	assert_int_equal(seat_groups_finish(&directories, id, false, &err), 1);
	assert_int_equal(count_groups(), 0);
	assert_false(has_mark());
	assert_int_equal(seat_groups_finish(&directories, id, false, &err), 0);
	/* Nor without any directory. */
	assert_int_equal(unlinkat(parent, id, AT_REMOVEDIR), 0);
	assert_int_equal(seat_groups_make(&directories, id, &err), 0);
	seat_groups_sweep(&directories);
	assert_int_equal(count_groups(), 0);
	assert_int_equal(seat_groups_finish(&directories, "../containers", false, &err), 0);
}

/* What the runtime's record names goes with that. */
static void test_handed_over(void **state _unused_)
{
	struct directories directories;
	_cleanup_free_ char *path = NULL;
	struct error err = ERROR_INIT;

	NEED_CGROUPS();
	directories = make_directories();
	path = str_printf("%s/runtime/%s", directories.run_root, id);
	assert_int_equal(file_make_directories(path, 0700), 0);
	assert_int_equal(seat_groups_make(&directories, id, &err), 0);
	assert_int_equal(seat_groups_finish(&directories, id, true, &err), 0);
	seat_groups_sweep(&directories);
	assert_int_equal(count_groups(), world.count);
	assert_false(has_mark());
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(seat_groups_make(&directories, id, &err), 0);
	assert_int_equal(seat_groups_remove(&directories, id, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_life),
		SCRATCH_TEST(test_sweep),
		SCRATCH_TEST(test_handed_over),
	};

	return cmocka_run_group_tests(tests, find_world, leave_world);
}
