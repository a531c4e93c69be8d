/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mapped_directory.h"
#include "host/procfs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static const struct idmap_range range = { 0, 70000, 10 };
static const struct idmap map = { .uids = &range, .uid_count = 1, .gids = &range, .gid_count = 1 };

static void test_owners(void **state _unused_)
{
	char path[] = "/tmp/bivy-mapped-XXXXXX";
	_cleanup_close_ int procfs_fd = -EBADF, fd = -EBADF;
	struct error err = ERROR_INIT;
	struct stat status;
	int r;

	if (geteuid() != 0)
		skip();
	assert_int_equal(procfs_open_host(&procfs_fd), 0);
	assert_non_null(mkdtemp(path));
	assert_int_equal(chown(path, 3, 4), 0);
	r = mapped_directory_open(procfs_fd, path, &map, &fd, &err);
	rmdir(path);
	if (r == -EINVAL || r == -EPERM)
		skip(); /* /tmp is on a file system that cannot, or nobody may mount here */
	assert_int_equal(r, 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_uid, 70003);
	assert_int_equal(status.st_gid, 70004);
}

static void test_refused(void **state _unused_)
{
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	if (geteuid() != 0)
		skip();
	assert_true(mapped_directory_open(-EBADF, "/missing", &map, &fd, &err) < 0);
	assert_string_equal(err.message, "cannot use the directory '/missing': no such file or directory");
	assert_int_equal(mapped_directory_open(-EBADF, "/etc/passwd", &map, &fd, &err), -ENOTDIR);
	assert_int_equal(fd, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_owners), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
