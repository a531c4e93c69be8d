/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On a tree that stands for resctrl: mkdirat() and unlinkat() of this program
 * do what the kernel does there, which is to fill a new directory, and to
 * remove one with all that is in it.
 */
#include "runtime/intel_rdt.h"

#include "base/file.h"
#include "host/resctrl.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

/* ---- the kernel's part -------------------------------------------------------------- */

static struct {
	char path[64];
	int fd;
	int mkdir_error;        /* of the next ones */
	bool schemata_are_broken;
	int schemata_fd;        /* reads what was written to a new class's schemata */
} tree = { .schemata_fd = -EBADF };

static void fill_class(int fd)
{
	assert_int_equal(syscall(SYS_mkdirat, fd, "mon_groups", 0755), 0);
	close(openat(fd, "tasks", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	close_and_forget(&tree.schemata_fd);
	if (tree.schemata_are_broken) {
		assert_int_equal(syscall(SYS_mkdirat, fd, "schemata", 0755), 0);
		return;
	}
	assert_int_equal(mkfifoat(fd, "schemata", 0644), 0);
	tree.schemata_fd = openat(fd, "schemata", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(tree.schemata_fd >= 0);
}

int mkdirat(int dirfd, const char *name, mode_t mode)
{
	_cleanup_close_ int fd = -EBADF;

	if (tree.mkdir_error) {
		errno = tree.mkdir_error;
		return -1;
	}
	if (syscall(SYS_mkdirat, dirfd, name, mode) < 0)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (faccessat(dirfd, "schemata", F_OK, 0) == 0)
		fill_class(fd);
	else
		close(openat(fd, "tasks", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	return 0;
}

int unlinkat(int dirfd, const char *name, int flags)
{
	if (flags & AT_REMOVEDIR) {
		static const char *const files[] = { "tasks", "schemata", "mon_groups/web/tasks" };
		static const char *const directories[] = { "mon_groups/web", "mon_groups", "schemata" };
		_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			syscall(SYS_unlinkat, fd, files[i], 0);
		for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
			syscall(SYS_unlinkat, fd, directories[i], AT_REMOVEDIR);
	}
	return (int)syscall(SYS_unlinkat, dirfd, name, flags);
}

/* ---- fixture ------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(tree.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void assert_file(const char *name, const char *text)
{
	_cleanup_buf_ struct buf found = BUF_INIT;

	assert_int_equal(file_read_at(tree.fd, name, 4096, &found), 0);
	assert_string_equal(found.data ? found.data : "", text);
}

static bool has(const char *name)
{
	return faccessat(tree.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A class that was configured beforehand. */
static void make_class(const char *name, const char *schemata)
{
	_cleanup_free_ char *file = str_printf("%s/schemata", name), *tasks = str_printf("%s/tasks", name), *monitors = str_printf("%s/mon_groups", name);

	assert_int_equal(syscall(SYS_mkdirat, tree.fd, name, 0755), 0);
	assert_int_equal(syscall(SYS_mkdirat, tree.fd, monitors, 0755), 0);
	put(file, schemata);
	put(tasks, "");
}

static int make_tree(void **state)
{
	(void)state;
	tree.mkdir_error = 0;
	tree.schemata_are_broken = false;
	strcpy(tree.path, "/tmp/bivy-rdt-XXXXXX");
	assert_non_null(mkdtemp(tree.path));
	tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(syscall(SYS_mkdirat, tree.fd, "info", 0755), 0);
	assert_int_equal(syscall(SYS_mkdirat, tree.fd, "mon_groups", 0755), 0);
	put("info/last_cmd_status", "ok\n");
	put("schemata", "    MB:0=100\n    L3:0=fff\n");
	put("tasks", "");
	return 0;
}

static int remove_tree(void **state)
{
	_cleanup_free_ char *command = str_printf("rm -r %s", tree.path);

	(void)state;
	close_and_forget(&tree.schemata_fd);
	close(tree.fd);
	return system(command);
}

static int plan(struct arena *arena, const struct spec_intel_rdt *config, struct intel_rdt *ret, struct error *err)
{
	return intel_rdt_plan_at(arena, config, "web", fcntl(tree.fd, F_DUPFD_CLOEXEC, 3), tree.path, ret, err);
}

static void assert_refused(const struct spec_intel_rdt *config, const char *words)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct error err = ERROR_INIT;

	assert_true(plan(arena, config, &rdt, &err) < 0);
	if (!strstr(err.message, words))
		fail_msg("'%s' lacks '%s'", err.message, words);
	assert_int_equal(rdt.root_fd, -EBADF);
}

static char *limits[] = { (char *)"L2:0=3", (char *)"L2:1=1", NULL };

/* ---- tests ------------------------------------------------------------------------------ */

static void test_nothing_asked(void **state)
{
	struct intel_rdt rdt;
	struct spec_state record = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(intel_rdt_plan(NULL, NULL, "web", &rdt, &err), 0);
	intel_rdt_record(&rdt, &record);
	assert_null(record.intel_rdt_path);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_int_equal(intel_rdt_enter(&rdt, 1, &err), 0);
	assert_int_equal(intel_rdt_enter_recorded(&record, NULL, 1, &err), 0);
	assert_int_equal(intel_rdt_remove_recorded(&record, NULL, &err), 0);
	intel_rdt_undo(&rdt);
	intel_rdt_done(&rdt);
}

/* Without a closID: a class named like the container, from birth to removal. */
static void test_own_class(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt config = { .l3_cache_schema = (char *)"L3:0=f", .mem_bw_schema = (char *)"MB:0=20", .schemata = limits, .enable_monitoring = true };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct spec_state record = { .id = (char *)"web" };
	struct error err = ERROR_INIT;
	char written[128] = "";

	(void)state;
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	assert_false(has("web"));
	intel_rdt_record(&rdt, &record);
	assert_true(record.intel_rdt_made);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_true(read(tree.schemata_fd, written, sizeof written - 1) > 0);
	/* The order is the specification's. */
	assert_string_equal(written, "L3:0=f\nMB:0=20\nL2:0=3\nL2:1=1\n");
	assert_int_equal(intel_rdt_enter(&rdt, 77, &err), 0);
	assert_file("web/tasks", "77\n");
	assert_file("web/mon_groups/web/tasks", "77\n");
	intel_rdt_done(&rdt);
	assert_int_equal(intel_rdt_enter_recorded(&record, &config, 88, &err), 0);
	assert_file("web/tasks", "88\n");
	assert_file("web/mon_groups/web/tasks", "88\n");
	assert_int_equal(intel_rdt_remove_recorded(&record, &config, &err), 0);
	assert_false(has("web"));
	assert_int_equal(intel_rdt_remove_recorded(&record, &config, &err), 0);
	assert_int_equal(intel_rdt_enter_recorded(&record, &config, 88, &err), 0);
}

static void test_class_that_was_there(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt config = { .mem_bw_schema = (char *)"MB:0=20" };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct spec_state record = { .id = (char *)"web" };
	struct error err = ERROR_INIT;

	(void)state;
	make_class("web", "");
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	intel_rdt_record(&rdt, &record);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_file("web/schemata", "MB:0=20\n");
	intel_rdt_undo(&rdt);
	intel_rdt_done(&rdt);
	assert_int_equal(intel_rdt_remove_recorded(&record, &config, &err), 0);
	assert_true(has("web"));
}

static void test_named_class_is_made_and_stays(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt config = { .clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:0=f", .enable_monitoring = true };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct spec_state record = { .id = (char *)"web" };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	intel_rdt_record(&rdt, &record);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_int_equal(intel_rdt_enter(&rdt, 77, &err), 0);
	assert_file("gold/mon_groups/web/tasks", "77\n");
	intel_rdt_done(&rdt);
	assert_int_equal(intel_rdt_remove_recorded(&record, &config, &err), 0);
	assert_true(has("gold"));
	assert_false(has("gold/mon_groups/web"));
}

static void test_named_class_that_is_there(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt same = { .clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:0=00F" };
	struct spec_intel_rdt none = { .clos_id = (char *)"gold" };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct error err = ERROR_INIT;

	(void)state;
	assert_refused(&none, "linux.intelRdt.closID: there is no class 'gold'");
	make_class("gold", "    MB:0= 20\n    L3:0=f\n");
	assert_refused(&(struct spec_intel_rdt){ .clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:0=ff" }, "linux.intelRdt.l3CacheSchema: class 'gold'");
	assert_refused(&(struct spec_intel_rdt){ .clos_id = (char *)"gold", .mem_bw_schema = (char *)"MB:0=30" }, "linux.intelRdt.memBwSchema: class 'gold'");
	assert_refused(&(struct spec_intel_rdt){ .clos_id = (char *)"info" }, "linux.intelRdt: cannot use");
	assert_int_equal(plan(arena, &same, &rdt, &err), 0);
	intel_rdt_done(&rdt);
	/* Without limits nothing is written. */
	assert_int_equal(plan(arena, &none, &rdt, &err), 0);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_int_equal(intel_rdt_enter(&rdt, 5, &err), 0);
	assert_file("gold/schemata", "    MB:0= 20\n    L3:0=f\n");
	assert_file("gold/tasks", "5\n");
	intel_rdt_done(&rdt);
}

static void test_default_class(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt config = { .clos_id = (char *)"/", .enable_monitoring = true };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct spec_state record = { .id = (char *)"web" };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	intel_rdt_record(&rdt, &record);
	assert_string_equal(record.intel_rdt_path, tree.path);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	assert_int_equal(intel_rdt_enter(&rdt, 9, &err), 0);
	assert_file("tasks", "9\n");
	assert_file("mon_groups/web/tasks", "9\n");
	intel_rdt_done(&rdt);
	/* Somebody's group by our name is none of ours. */
	assert_refused(&config, "mon_groups/web' exists already");
	assert_int_equal(intel_rdt_remove_recorded(&record, &config, &err), 0);
	assert_false(has("mon_groups/web"));
	assert_true(has("tasks"));
}

static void test_failures_leave_nothing(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_intel_rdt config = { .l3_cache_schema = (char *)"L3:0=f", .enable_monitoring = true };
	struct intel_rdt rdt = INTEL_RDT_NONE;
	struct error err = ERROR_INIT;

	(void)state;
	tree.mkdir_error = ENOSPC;
	put("info/last_cmd_status", "Out of CLOSIDs\n");
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	assert_int_equal(intel_rdt_make(&rdt, &err), -ENOSPC);
	assert_non_null(strstr(err.message, "linux.intelRdt: cannot make the class '"));
	assert_non_null(strstr(err.message, "/web': Out of CLOSIDs: no space left on device"));
	intel_rdt_done(&rdt);

	tree.mkdir_error = 0;
	tree.schemata_are_broken = true;
	put("info/last_cmd_status", "ok\n");
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	assert_true(intel_rdt_make(&rdt, &err) < 0);
	assert_non_null(strstr(err.message, "linux.intelRdt.l3CacheSchema: cannot write 'L3:0=f' to '"));
	assert_false(has("web"));
	intel_rdt_done(&rdt);

	/* A later failure of the creation. */
	tree.schemata_are_broken = false;
	config.clos_id = (char *)"gold";
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	intel_rdt_undo(&rdt);
	assert_false(has("gold"));
	intel_rdt_done(&rdt);
	/* Unless another container has come in. */
	assert_int_equal(plan(arena, &config, &rdt, &err), 0);
	assert_int_equal(intel_rdt_make(&rdt, &err), 0);
	put("gold/tasks", "1\n");
	intel_rdt_undo(&rdt);
	assert_true(has("gold"));
	assert_false(has("gold/mon_groups/web"));
	intel_rdt_done(&rdt);
}

static void test_explain(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_intel_rdt config = { .mem_bw_schema = (char *)"MB:0=20", .schemata = limits, .enable_monitoring = true };
	struct intel_rdt rdt = { .config = &config, .id = "web", .path = "/r/web", .makes = true };

	(void)state;
	intel_rdt_explain(&rdt, &text);
	assert_string_equal(text.data, "class of service:\n  make /r/web\n  /r/web/schemata = MB:0=20  (linux.intelRdt.memBwSchema)\n"
		"  /r/web/schemata = L2:0=3  (linux.intelRdt.schemata)\n  /r/web/schemata = L2:1=1  (linux.intelRdt.schemata)\n"
		"  make /r/web/mon_groups/web\n");
}

#define ON_TREE(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_asked),
		ON_TREE(test_own_class),
		ON_TREE(test_class_that_was_there),
		ON_TREE(test_named_class_is_made_and_stays),
		ON_TREE(test_named_class_that_is_there),
		ON_TREE(test_default_class),
		ON_TREE(test_failures_leave_nothing),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
