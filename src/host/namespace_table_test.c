/* SPDX-License-Identifier: Apache-2.0 */
#include "host/namespace_table.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static void test_texts(void **state _unused_)
{
	static const char *const wrong[] = { "", "net", "net:", "net:[]", "net:[1", "net:[1]x", "net:[-1]", "net:[x]", "nets:[1]", "network:[1]",
		":[1]", "pipe:[1]", "socket:[1]", "net:[99999999999999999999]", "/net:[1]" };
	enum namespace_type type;
	uint64_t number = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(namespace_parse(wrong[i], &type, &number));
	assert_true(namespace_parse("mnt:[4026531841]", &type, &number));
	assert_int_equal(type, NAMESPACE_MOUNT);
	assert_int_equal(number, 4026531841);
	for (int i = 0; i < NAMESPACE_TYPES; i++) {
		assert_true(namespace_type_of(namespace_type_name((enum namespace_type)i), &type));
		assert_int_equal(type, i);
	}
	assert_true(namespace_type_of("network", &type) && type == NAMESPACE_NET);
	assert_false(namespace_type_of("nets", &type));
}

/* ---- a procfs of files ------------------------------------------------------------------------- */

static char directory[] = "/tmp/bivy-namespaces.XXXXXX";

static void put_process(int fd, const char *pid, const char *command, const char *net, const char *mnt)
{
	_cleanup_free_ char *ns = str_printf("%s/ns", pid), *fds = str_printf("%s/fd", pid), *comm = str_printf("%s/comm", pid);
	_cleanup_free_ char *net_path = str_printf("%s/ns/net", pid), *mnt_path = str_printf("%s/ns/mnt", pid);

	assert_int_equal(mkdirat(fd, pid, 0700), 0);
	assert_int_equal(mkdirat(fd, ns, 0700), 0);
	assert_int_equal(mkdirat(fd, fds, 0700), 0);
	assert_int_equal(file_replace_at(fd, comm, command, strlen(command), 0600), 0);
	if (net)
		assert_int_equal(symlinkat(net, fd, net_path), 0);
	if (mnt)
		assert_int_equal(symlinkat(mnt, fd, mnt_path), 0);
}

static int make_directory(void **state)
{
	static const char mountinfo[] = "22 1 0:4 net:[300] /run/netns/kept\\040one rw shared:1 - nsfs nsfs rw\n"
					"23 1 8:1 / / rw - ext4 /dev/sda rw\n24 1 0:4 mnt:[1 /broken rw - nsfs nsfs rw\n";
	int fd;

	assert_non_null(mkdtemp(directory));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	put_process(fd, "12", "late\n", "net:[200]", "mnt:[100]");
	put_process(fd, "7", "first\n", "net:[200]", "mnt:[100]");
	put_process(fd, "9", "alone\n", "net:[201]", "mnt:[101]");
	put_process(fd, "10", "hidden\n", NULL, NULL);
	put_process(fd, "self", "not a number\n", "net:[999]", NULL);
	assert_int_equal(file_replace_at(fd, "12/mountinfo", mountinfo, strlen(mountinfo), 0600), 0);
	assert_int_equal(file_replace_at(fd, "7/mountinfo", mountinfo, strlen(mountinfo), 0600), 0);
	assert_int_equal(symlinkat("net:[201]", fd, "7/fd/5"), 0);
	assert_int_equal(symlinkat("socket:[201]", fd, "7/fd/6"), 0);
	*(int *)*state = fd;
	return 0;
}

static void test_files(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct namespace_table table;
	const struct namespace_entry *entry;

	assert_int_equal(namespace_table_read(arena, *(int *)*state, &table), 0);
	assert_int_equal(table.hidden, 0); /* a process without any is one that ends */
	assert_int_equal(table.count, 5); /* mnt 100 101, net 200 201 300 */
	assert_int_equal(table.entries[0].type, NAMESPACE_MOUNT);
	entry = namespace_table_find(&table, NAMESPACE_NET, 12);
	assert_non_null(entry);
	assert_int_equal(entry->number, 200);
	assert_int_equal(entry->pid_count, 2);
	assert_int_equal(entry->pids[0], 7);
	assert_int_equal(entry->pids[1], 12);
	entry = namespace_table_find(&table, NAMESPACE_NET, 9);
	assert_int_equal(entry->pin_count, 1);
	assert_null(entry->pins[0].path);
	assert_int_equal(entry->pins[0].pid, 7);
	assert_int_equal(entry->pins[0].fd, 5);
	entry = &table.entries[4];
	assert_int_equal(entry->number, 300);
	assert_int_equal(entry->pid_count, 0);
	assert_null(entry->command);
	assert_string_equal(entry->pins[0].path, "/run/netns/kept one");
	assert_null(namespace_table_find(&table, NAMESPACE_NET, 10));
	assert_null(namespace_table_find(&table, NAMESPACE_UTS, 7));
}

static int remove_directory(void **state)
{
	_cleanup_free_ char *command = str_printf("rm -r '%s'", directory);

	close(*(int *)*state);
	return system(command);
}

/* ---- the host's ---------------------------------------------------------------------------------- */

static void test_host(void **state _unused_)
{
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct namespace_entry *entry;
	struct namespace_table table;
	struct stat info;

	assert_true(fd >= 0);
	assert_int_equal(namespace_table_read(arena, fd, &table), 0);
	assert_int_equal(stat("/proc/self/ns/uts", &info), 0);
	entry = namespace_table_find(&table, NAMESPACE_UTS, getpid());
	assert_non_null(entry);
	assert_int_equal(entry->number, info.st_ino);
	assert_int_equal(stat("/proc/self/ns/user", &info), 0);
	assert_int_equal(entry->owner, info.st_ino);
	for (size_t i = 1; i < table.count; i++)
		assert_true(table.entries[i - 1].type < table.entries[i].type || table.entries[i - 1].number < table.entries[i].number);
}

int main(void)
{
	static int fd;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test_prestate_setup_teardown(test_files, make_directory, remove_directory, &fd),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
