/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_world.h"

#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char v1_mounts[] =
	"21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
	"30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
	"33 30 0:31 / /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory\n"
	"34 30 0:31 /docker/x /var/mirror\\040dir rw - cgroup cgroup rw,memory\n"
	"39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
	"40 30 0:39 / /sys/fs/cgroup/odd rw - cgroup cgroup rw,debug\n";

static const char v1_membership[] =
	"9:name=systemd:/user.slice\n"
	"4:memory:/process/api:v2\n"
	"2:cpu,cpuacct:/\n";

static void test_v1(void **state)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	const struct cgroup_hierarchy *memory;

	(void)state;
	assert_int_equal(cgroup_world_parse(v1_mounts, v1_membership, "", &world), 0);
	assert_int_equal(world.count, 3);
	assert_string_equal(cgroup_world_find(&world, CGROUP_CPUACCT)->mount, "/sys/fs/cgroup/cpu,cpuacct");
	assert_ptr_equal(cgroup_world_find(&world, CGROUP_CPUACCT), cgroup_world_find(&world, CGROUP_CPU));
	memory = cgroup_world_find(&world, CGROUP_MEMORY);
	assert_string_equal(memory->mount, "/sys/fs/cgroup/memory");
	assert_string_equal(memory->own_path, "/process/api:v2");
	assert_true(memory->is_read_only);
	assert_string_equal(world.hierarchies[2].name, "systemd");
	assert_string_equal(world.hierarchies[2].own_path, "/user.slice");
	assert_int_equal(world.hierarchies[2].controllers, 0);
	assert_null(cgroup_world_v2(&world));
	assert_true(cgroup_world_has_v1(&world));
	assert_null(cgroup_world_find(&world, CGROUP_FREEZER));
}

static void write_fixture(const char *root, const char *dir, const char *file, const char *text)
{
	_cleanup_free_ char *path = str_printf("%s%s", root, dir);
	_cleanup_free_ char *name = str_printf("%s/%s", path, file);

	assert_int_equal(file_make_directories(path, 0755), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, name, text, strlen(text), 0644), 0);
}

static void remove_fixture(const char *root)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", root);

	assert_int_equal(system(command), 0);
}

static void test_v2(void **state)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	char root[] = "/tmp/cgroup-world-XXXXXX";
	const struct cgroup_hierarchy *v2;

	(void)state;
	assert_non_null(mkdtemp(root));
	write_fixture(root, "/sys/fs/cgroup", "cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc future\n");
	assert_int_equal(cgroup_world_parse("25 20 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user.slice/x.scope\n", root, &world), 0);
	remove_fixture(root);
	assert_int_equal(world.count, 1);
	v2 = cgroup_world_v2(&world);
	assert_non_null(v2);
	assert_true(str_starts_with(v2->mount, root));
	assert_string_equal(v2->own_path, "/user.slice/x.scope");
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		assert_int_equal(cgroup_world_find(&world, i) == v2, i != CGROUP_NET_CLS && i != CGROUP_NET_PRIO && i != CGROUP_DMEM);
	assert_false(cgroup_world_has_v1(&world));
}

static void test_hybrid(void **state)
{
	static const char mounts[] =
		"31 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		"36 30 0:33 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
		"37 30 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
		"40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	char root[] = "/tmp/cgroup-world-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(root));
	write_fixture(root, "/sys/fs/cgroup/unified", "cgroup.controllers", "hugetlb\n");
	assert_int_equal(cgroup_world_parse(mounts, "1:cpu:/a\n0::/b\n", root, &world), 0);
	remove_fixture(root);
	assert_int_equal(world.count, 4);
	assert_true(cgroup_world_find(&world, CGROUP_HUGETLB)->is_v2);
	assert_true(cgroup_world_find(&world, CGROUP_DEVICES)->is_v2);
	assert_false(cgroup_world_find(&world, CGROUP_FREEZER)->is_v2);
	assert_false(cgroup_world_find(&world, CGROUP_IO)->is_v2);
	assert_null(cgroup_world_find(&world, CGROUP_PIDS));
	assert_string_equal(cgroup_world_find(&world, CGROUP_CPU)->own_path, "/a");
	assert_string_equal(cgroup_world_v2(&world)->own_path, "/b");
}

/* A container without a cgroup namespace sees a part of the tree; its membership counts from the true top. */
static void test_part_of_a_tree(void **state)
{
	static const char mounts[] = "40 30 0:37 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
	static const struct {
		const char *membership, *own;
	} cases[] = {
		{ "0::/docker/abc/inner\n", "/inner" },
		{ "0::/docker/abc\n", "/" },
		{ "0::/docker/abcd\n", "/" },
		{ "0::/elsewhere\n", "/" },
		{ "0::/../../up\n", "/" },
		{ "garbage\n", "/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_cgroup_world_ struct cgroup_world world = { 0 };

		assert_int_equal(cgroup_world_parse(mounts, cases[i].membership, "/nowhere", &world), 0);
		assert_string_equal(world.hierarchies[0].own_path, cases[i].own);
	}
}

static void test_nothing_and_garbage(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "1 2 3", " - cgroup", "1 2 3:4 / /x rw - cgroup", "1 2 3:4 / /x rw - cgroup cgroup",
		"1 2 3:4 /  - cgroup2 a b", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_cgroup_world_ struct cgroup_world world = { 0 };

		assert_int_equal(cgroup_world_parse(texts[i], "1:cpu", "", &world), 0);
		assert_int_equal(world.count, 0);
	}
}

/* The source of a mount can be an empty string, which leaves two spaces. */
static void test_empty_source(void **state)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };

	(void)state;
	assert_int_equal(cgroup_world_parse("1 2 3:4 / /my\\134dir rw - cgroup  rw,pids\n", "", "", &world), 0);
	assert_int_equal(world.count, 1);
	assert_string_equal(world.hierarchies[0].mount, "/my\\dir");
	assert_int_equal(world.hierarchies[0].controllers, CGROUP_BIT(CGROUP_PIDS));
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(cgroup_controller_parse("blkio", 5), CGROUP_IO);
	assert_int_equal(cgroup_controller_parse("io", 2), CGROUP_IO);
	assert_int_equal(cgroup_controller_parse("cpuset.cpus", 6), CGROUP_CPUSET);
	assert_int_equal(cgroup_controller_parse("cpuse", 5), -ENOENT);
	assert_int_equal(cgroup_controller_parse("", 0), -ENOENT);
	assert_string_equal(cgroup_controller_name(CGROUP_IO, false), "blkio");
	assert_string_equal(cgroup_controller_name(CGROUP_IO, true), "io");
}

/* Whatever this host is, its own description must be consistent. */
static void test_this_host(void **state)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	unsigned seen = 0;

	(void)state;
	assert_int_equal(cgroup_world_load(&world), 0);
	for (size_t i = 0; i < world.count; i++) {
		struct stat st;

		assert_int_equal(stat(world.hierarchies[i].mount, &st), 0);
		assert_true(S_ISDIR(st.st_mode));
		assert_int_equal(world.hierarchies[i].own_path[0], '/');
		assert_int_equal(seen & world.hierarchies[i].controllers, 0);
		seen |= world.hierarchies[i].controllers;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_part_of_a_tree),
		cmocka_unit_test(test_nothing_and_garbage),
		cmocka_unit_test(test_empty_source),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
