/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mountinfo.h"

#include "host/child_test.h"
#include "host/procfs.h"

#include <string.h>

static void test_parse(void **state)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };

	(void)state;
	assert_int_equal(mountinfo_parse("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
					 "25 29 0:23 / /sys/fs/cgroup/a\\040b\\134 ro,nosuid shared:9 propagate_from:2 - tmpfs none\\011x ro\n"
					 "30 29 0:5 / /dev rw - devtmpfs  rw\n", &table), 0);
	assert_int_equal(table.count, 3);
	assert_int_equal(table.entries[0].id, 36);
	assert_int_equal(table.entries[0].parent, 35);
	assert_int_equal(table.entries[0].master, 1);
	assert_int_equal(table.entries[0].shared, 0);
	assert_string_equal(table.entries[0].super_options, "rw,errors=continue");
	assert_int_equal(table.entries[1].shared, 9);
	assert_false(table.entries[1].is_unbindable);
	assert_string_equal(table.entries[2].super_options, "");
	assert_string_equal(table.entries[0].root, "/mnt1");
	assert_string_equal(table.entries[0].mount_point, "/mnt2");
	assert_string_equal(table.entries[0].options, "rw,noatime");
	assert_string_equal(table.entries[0].type, "ext3");
	assert_string_equal(table.entries[0].source, "/dev/root");
	assert_string_equal(table.entries[1].mount_point, "/sys/fs/cgroup/a b\\");
	assert_string_equal(table.entries[1].type, "tmpfs");
	assert_string_equal(table.entries[1].source, "none\tx");
	assert_string_equal(table.entries[2].type, "devtmpfs");
}

static void test_propagation(void **state)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };

	(void)state;
	assert_int_equal(mountinfo_parse("36 35 98:0 / / rw shared:7 master:3 propagate_from:2 - ext4 a rw\n"
					 "37 36 98:0 / /b rw unbindable - ext4 a rw\n"
					 "38 36 98:0 / /c rw other:5 - ext4 a rw\n", &table), 0);
	assert_int_equal(table.entries[0].id, 36);
	assert_int_equal(table.entries[0].parent, 35);
	assert_int_equal(table.entries[0].shared, 7);
	assert_int_equal(table.entries[0].master, 3);
	assert_int_equal(table.entries[0].propagate_from, 2);
	assert_false(table.entries[0].is_unbindable);
	assert_true(table.entries[1].is_unbindable);
	assert_int_equal(table.entries[1].shared, 0);
	assert_int_equal(table.entries[2].master, 0);
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"36", "36 35 98:0 /mnt1 /mnt2", "36 35 98:0 /mnt1 /mnt2 rw", "36 35 98:0 /mnt1 /mnt2 rw master:1", "36 35 98:0 /a /b rw -",
		"x 35 98:0 /a /b rw - ext4 a rw", "36 -1 98:0 /a /b rw - ext4 a rw", "36 35 98:0 /a /b rw shared:x - ext4 a rw",
		"36 35 98:0 /a /b rw master: - ext4 a rw",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mountinfo table = { .count = 7 };

		assert_int_equal(mountinfo_parse(bad[i], &table), -EINVAL);
		assert_int_equal(table.count, 7);
	}
}

static void test_load(void **state)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	_cleanup_close_ int procfs_fd = -EBADF;
	bool has_root = false;

	(void)state;
	assert_int_equal(procfs_open_host(&procfs_fd), 0);
	assert_int_equal(mountinfo_load(procfs_fd, &table), 0);
	for (size_t i = 0; i < table.count; i++)
		has_root = has_root || strcmp(table.entries[i].mount_point, "/") == 0;
	assert_true(has_root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
