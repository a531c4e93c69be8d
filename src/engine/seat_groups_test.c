/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat_groups.h"

#include "engine/container_scratch_test.h"
#include "host/cgroup_world.h"

static char id[CONTAINER_ID_LENGTH + 1]; /* this process's */

/* In how many hierarchies there is its group. */
static size_t count_groups(const struct cgroup_world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world->hierarchies[i];
		_cleanup_free_ char *path = str_printf("%s%s/bivy/%s", hierarchy->mount, hierarchy->top_path ? hierarchy->top_path : "", id);

		count += access(path, F_OK) == 0;
	}
	return count;
}

static bool has_mark(int fd)
{
	return faccessat(fd, "groups", F_OK, 0) == 0;
}

static void test_life(void **state _unused_)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_close_ int fd = open(shell_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = ERROR_INIT;

	snprintf(id, sizeof id, "%064d", (int)getpid());
	assert_int_equal(cgroup_world_load(&world), 0);
	if (geteuid() != 0 || world.count == 0 || access(world.hierarchies[0].mount, W_OK) < 0) {
		print_message("missing: root and writable cgroups\n");
		skip();
	}
	if (seat_groups_make(fd, id, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count_groups(&world), world.count);
	assert_true(has_mark(fd));
	/* What was handed over is somebody else's to remove. */
	seat_groups_hand_over(fd);
	assert_false(has_mark(fd));
	assert_int_equal(seat_groups_remove(fd, id, &err), 0);
	assert_int_equal(count_groups(&world), world.count);
	/* Killed between two of them. */
	assert_int_equal(seat_groups_make(fd, id, &err), 0);
	if (world.count > 1) {
		_cleanup_free_ char *path = str_printf("%s/bivy/%s", world.hierarchies[1].mount, id);

		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(seat_groups_remove(fd, id, &err), 0);
	assert_int_equal(count_groups(&world), 0);
	assert_false(has_mark(fd));
	assert_int_equal(seat_groups_remove(fd, id, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
