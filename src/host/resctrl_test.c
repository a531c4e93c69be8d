/* SPDX-License-Identifier: Apache-2.0 */
#include "host/resctrl.h"

#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void test_find_mount(void **state)
{
	static const struct {
		const char *text, *mount;
	} cases[] = {
		{ "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:27 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n", "/sys/fs/resctrl" },
		{ "30 22 0:27 / /a\\040b rw shared:9 - resctrl none rw,mba_MBps\n", "/a b" },
		/* A class that is bound somewhere is not the root. */
		{ "30 22 0:27 /gold /elsewhere rw - resctrl resctrl rw\n31 22 0:27 / /real rw - resctrl resctrl rw\n", "/real" },
		{ "30 22 0:27 /gold /elsewhere rw - resctrl resctrl rw\n", NULL },
		{ "30 22 0:27 / /resctrl rw - tmpfs resctrl rw\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_mountinfo_ struct mountinfo table = { 0 };

		assert_int_equal(mountinfo_parse(cases[i].text, &table), 0);
		if (cases[i].mount)
			assert_string_equal(resctrl_find_mount(&table), cases[i].mount);
		else
			assert_null(resctrl_find_mount(&table));
	}
}

static void test_schemata_hold(void **state)
{
	static const char schemata[] = "    L2:0=ff;1=ff\n    MB:0= 30;1=100\n    L3:0=7f0;1=1f\nL3CODE:0=1\n";
	static const struct {
		const char *schema;
		unsigned step;
		bool holds;
	} cases[] = {
		{ "L3:0=7f0;1=1f", 0, true },
		{ "L3:1=001F;0=7F0\n", 0, true },
		{ "L3:0=7f0", 0, true },
		{ "L3 : 0 = 7f0 ; ", 0, true },
		{ "L3:0=7f0\nL2:1=ff", 0, true },
		{ "L3:0=7f", 0, false },
		{ "L3:0=7f00", 0, false },
		{ "L3:2=1f", 0, false },
		{ "L3:0=7f0\nL2:1=f", 0, false },
		{ "L4:0=7f0", 0, false },
		{ "L3CODE:0=1", 0, true },
		{ "L3C:0=1", 0, false },
		{ "MB:0=30", 0, true },
		{ "MB:0=25", 10, true },
		{ "MB:0=25", 0, false },
		{ "MB:0=31", 10, false },
		{ "MB:0=20", 10, false },
		{ "L2:0=f5", 10, false },
		{ "nonsense", 0, false },
		{ "L3:nonsense", 0, false },
		{ "", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (resctrl_schemata_hold(schemata, cases[i].schema, cases[i].step) != cases[i].holds)
			fail_msg("'%s', step %u", cases[i].schema, cases[i].step);
}

/* ---- a tree like that of a processor with resctrl ------------------------------------------ */

struct tree {
	char path[64];
	int fd;
};

static void put(const struct tree *tree, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_printf("%s/%s", tree->path, name), *directory = str_dup(path);

	*strrchr(directory, '/') = '\0';
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

static void assert_holds(const struct tree *tree, const char *name, const char *text)
{
	_cleanup_buf_ struct buf found = BUF_INIT;

	assert_int_equal(file_read_at(tree->fd, name, 4096, &found), 0);
	assert_string_equal(found.data ? found.data : "", text);
}

static int make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof *tree);

	strcpy(tree->path, "/tmp/bivy-resctrl-XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	tree->fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->fd >= 0);
	put(tree, "info/last_cmd_status", "ok\n");
	put(tree, "info/MB/bandwidth_gran", "10\n");
	put(tree, "schemata", "L3:0=fff\n");
	put(tree, "tasks", "");
	put(tree, "gold/schemata", "");
	put(tree, "gold/tasks", "");
	put(tree, "gold/mon_groups/web/tasks", "");
	*state = tree;
	return 0;
}

static int remove_tree(void **state)
{
	struct tree *tree = *state;
	_cleanup_free_ char *command = str_printf("rm -r %s", tree->path);

	close(tree->fd);
	assert_int_equal(system(command), 0);
	free(tree);
	return 0;
}

static void test_open_class(void **state)
{
	const struct tree *tree = *state;
	int fd = -EBADF;

	assert_int_equal(resctrl_open_class(tree->fd, "silver", &fd), -ENOENT);
	assert_int_equal(resctrl_open_class(tree->fd, "info", &fd), -ENOTDIR);
	assert_int_equal(symlinkat("gold", tree->fd, "link"), 0);
	assert_int_equal(resctrl_open_class(tree->fd, "link", &fd), -ENOTDIR);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(resctrl_open_class(tree->fd, "gold", &fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(resctrl_open_class(tree->fd, RESCTRL_DEFAULT, &fd), 0);
	assert_int_equal(faccessat(fd, "gold", F_OK, 0), 0);
	close(fd);
}

static void test_write_and_enter(void **state)
{
	const struct tree *tree = *state;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;

	assert_int_equal(resctrl_open_class(tree->fd, "gold", &fd), 0);
	assert_true(resctrl_class_is_empty(fd));
	assert_int_equal(resctrl_write_schema(fd, "L3:0=f"), 0);
	assert_holds(tree, "gold/schemata", "L3:0=f\n");
	assert_int_equal(resctrl_read_schemata(fd, &text), 0);
	assert_true(resctrl_schemata_hold(text.data, "L3:0=0f", 0));
	assert_int_equal(resctrl_enter(fd, NULL, 12), 0);
	assert_holds(tree, "gold/tasks", "12\n");
	assert_holds(tree, "gold/mon_groups/web/tasks", "");
	assert_int_equal(resctrl_enter(fd, "web", 345678), 0);
	assert_holds(tree, "gold/tasks", "345678\n");
	assert_holds(tree, "gold/mon_groups/web/tasks", "345678\n");
	assert_false(resctrl_class_is_empty(fd));
	assert_int_equal(resctrl_enter(fd, "nosuch", 1), -ENOENT);
}

static void test_make_and_remove(void **state)
{
	const struct tree *tree = *state;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	assert_int_equal(resctrl_make_class(tree->fd, "silver"), 0);
	assert_int_equal(fstatat(tree->fd, "silver", &st, 0), 0);
	assert_int_equal(resctrl_make_class(tree->fd, "silver"), -EEXIST);
	assert_int_equal(resctrl_remove_class(tree->fd, "silver"), 0);
	assert_int_equal(resctrl_remove_class(tree->fd, "silver"), 0);
	assert_int_equal(fstatat(tree->fd, "silver", &st, 0), -1);
	assert_int_equal(resctrl_open_class(tree->fd, "gold", &fd), 0);
	assert_false(resctrl_has_monitor(fd, "db"));
	assert_int_equal(resctrl_make_monitor(fd, "db"), 0);
	assert_true(resctrl_has_monitor(fd, "db"));
	assert_int_equal(resctrl_make_monitor(fd, "db"), -EEXIST);
	assert_int_equal(resctrl_remove_monitor(fd, "db"), 0);
	assert_int_equal(resctrl_remove_monitor(fd, "db"), 0);
	assert_false(resctrl_has_monitor(fd, "db"));
}

static void test_info(void **state)
{
	const struct tree *tree = *state;
	char *status = resctrl_last_status(tree->fd);

	assert_string_equal(status, "");
	free(status);
	put(tree, "info/last_cmd_status", "Unknown or unsupported resource name 'L3'\n");
	status = resctrl_last_status(tree->fd);
	assert_string_equal(status, "Unknown or unsupported resource name 'L3'");
	free(status);
	assert_int_equal(resctrl_bandwidth_step(tree->fd), 10);
	assert_int_equal(unlinkat(tree->fd, "info/MB/bandwidth_gran", 0), 0);
	assert_int_equal(resctrl_bandwidth_step(tree->fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_mount),
		cmocka_unit_test(test_schemata_hold),
		cmocka_unit_test_setup_teardown(test_open_class, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_write_and_enter, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_make_and_remove, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_info, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
