/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lsm.h"

#include "base/file.h"
#include "base/str.h"
#include "host/procfs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

static int own_procfs(void)
{
	int fd = -EBADF;

	assert_int_equal(procfs_open_root(&fd), 0);
	return fd;
}

/* "apparmor" stands in this list exactly while AppArmor is active. */
static bool is_listed(const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(AT_FDCWD, "/sys/kernel/security/lsm", 4096, &text) == 0 && text.length && strstr(text.data, name);
}

static void test_enabled(void **state)
{
	(void)state;
	if (access("/sys/kernel/security/lsm", R_OK) < 0) {
		print_message("missing: securityfs\n");
		skip();
	}
	assert_int_equal(lsm_apparmor_is_enabled(), is_listed("apparmor"));
}

/* Without a module nobody takes a label: the caller hears so, never silence. */
static void test_without_modules(void **state)
{
	_cleanup_close_ int procfs = own_procfs();

	(void)state;
	if (lsm_apparmor_is_enabled() || lsm_selinux_is_enabled())
		skip();
	assert_true(lsm_set_apparmor_profile(procfs, "bivy-test") < 0);
	assert_true(lsm_set_selinux_label(procfs, "system_u:system_r:container_t:s0") < 0);
}

/* A profile that is always there and one that never is. */
static void test_apparmor(void **state)
{
	_cleanup_close_ int procfs = own_procfs();
	int status;
	pid_t pid;

	(void)state;
	if (!lsm_apparmor_is_enabled()) {
		print_message("missing: AppArmor\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(lsm_set_apparmor_profile(procfs, "unconfined") == 0 && lsm_set_apparmor_profile(procfs, "bivy-no-such-profile") < 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A directory in the place of procfs, with files of the right names, gets nothing (CVE-2019-16884). */
static void test_impostor(void **state)
{
	char path[] = "/tmp/bivy-lsm-XXXXXX";
	_cleanup_close_ int fd = -EBADF;
	struct buf text = BUF_INIT;
	_cleanup_free_ char *directory = NULL, *file = NULL;

	(void)state;
	assert_non_null(mkdtemp(path));
	directory = str_printf("%s/thread-self/attr/apparmor", path);
	file = str_printf("%s/thread-self/attr/exec", path);
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, file, "", 0, 0644), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(lsm_set_selinux_label(fd, "label") < 0);
	assert_true(lsm_set_apparmor_profile(fd, "profile") < 0);
	assert_int_equal(file_read_at(AT_FDCWD, file, 64, &text), 0);
	assert_int_equal(text.length, 0);
	buf_done(&text);
	unlinkat(fd, "thread-self/attr/exec", 0);
	unlinkat(fd, "thread-self/attr/apparmor", AT_REMOVEDIR);
	unlinkat(fd, "thread-self/attr", AT_REMOVEDIR);
	unlinkat(fd, "thread-self", AT_REMOVEDIR);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enabled),
		cmocka_unit_test(test_without_modules),
		cmocka_unit_test(test_apparmor),
		cmocka_unit_test(test_impostor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
