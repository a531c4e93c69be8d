/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount.h"

#include "host/child_test.h"
#include "host/mountinfo.h"
#include "host/procfs.h"
#include "host/syscalls.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(mount_attributes_of_flags(0), 0);
	assert_int_equal(mount_attributes_of_flags(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME),
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME);
	assert_int_equal(mount_attributes_of_flags(MS_NOATIME), MOUNT_ATTR_NOATIME);
	assert_int_equal(mount_attributes_of_flags(MS_STRICTATIME), MOUNT_ATTR_STRICTATIME);
	assert_int_equal(mount_attributes_of_flags(MS_RELATIME | MS_BIND | MS_REC | MS_SYNCHRONOUS), 0);
}

static int open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

/* Attributes (ST_*) of what is mounted on PATH. */
static unsigned long flags_of(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 ? fs.f_flag : 0;
}

static int new_file_system(void)
{
	struct mount_request request = { .type = "tmpfs", .source = "name", .flags = MS_NOSUID | MS_RDONLY, .data = "size=64k,mode=0711" };
	struct error err = ERROR_INIT;
	struct stat st;
	int fd = -EBADF;

	CHECK(mount_new_filesystem(&request, &fd, &err) == 0);
	CHECK(mount_attach(fd, open_path("/mnt")) == 0);
	CHECK(stat("/mnt", &st) == 0 && (st.st_mode & 07777) == 0711);
	CHECK((flags_of("/mnt") & (ST_NOSUID | ST_RDONLY | ST_NOEXEC)) == (ST_NOSUID | ST_RDONLY));
	return 0;
}

static int refusals(void)
{
	struct error err = ERROR_INIT;
	int fd = -7;

	CHECK(mount_new_filesystem(&(struct mount_request){ .type = "nosuchfs" }, &fd, &err) == -ENODEV);
	CHECK(strstr(err.message, "nosuchfs"));
	CHECK(mount_new_filesystem(&(struct mount_request){ .type = "tmpfs", .data = "nosuchoption=1" }, &fd, &err) == -EINVAL);
	CHECK(strstr(err.message, "nosuchoption"));
	CHECK(mount_new_filesystem(&(struct mount_request){ .type = "tmpfs", .data = "size=many" }, &fd, &err) == -EINVAL);
	CHECK(fd == -7);
	return 0;
}

/* More bytes in one option than fsconfig(2) takes: forty lower directories, each with a comma in its name. */
static int long_options(void)
{
	char data[4096] = "lowerdir=", name[64];
	struct error err = ERROR_INIT;
	int fd = -EBADF, mnt_fd = open_path("/mnt");

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	mnt_fd = open_path("/mnt");
	CHECK(mkdirat(mnt_fd, "merged", 0755) == 0);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "layer-number-%d", i);
		CHECK(mkdirat(mnt_fd, name, 0755) == 0);
		snprintf(data + strlen(data), sizeof data - strlen(data), "%s/mnt/%s", i ? ":" : "", name);
	}
	if (mount_new_filesystem(&(struct mount_request){ .type = "overlay", .source = "overlay", .data = data }, &fd, &err) == -ENODEV)
		SKIP("overlay");
	CHECK(fd >= 0);
	/* Nothing of it is left where it was mounted meanwhile. */
	CHECK(access("/mnt/layer-number-0", F_OK) == 0 && access("/../mnt/layer-number-0", F_OK) == 0);
	CHECK(mount_attach(fd, open_path("/mnt/merged")) == 0);
	return 0;
}

static int quoted_options(void)
{
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	/* One unknown option, not three. */
	CHECK(mount_new_filesystem(&(struct mount_request){ .type = "tmpfs", .data = "nonsense=\"a,size=1m,b\"" }, &fd, &err) < 0);
	CHECK(strstr(err.message, "nonsense"));
	CHECK(mount_new_filesystem(&(struct mount_request){ .type = "tmpfs", .data = "size=\"64k\",,mode=700" }, &fd, &err) == 0);
	return 0;
}

static int attributes(void)
{
	int fd = -EBADF;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", MS_NOSUID, NULL) == 0);
	CHECK(mkdir("/mnt/sub", 0755) == 0 && mount("tmpfs", "/mnt/sub", "tmpfs", MS_NODEV, NULL) == 0);
	CHECK(mkdir("/mnt/target", 0755) == 0);
	CHECK(mount_clone_tree(AT_FDCWD, "/mnt", true, &fd) == 0);
	CHECK(mount_set_attributes(fd, &(struct mount_attributes){ 0 }) == 0);
	CHECK(mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_RDONLY, .clear = MOUNT_ATTR_NOSUID }) == 0);
	CHECK(mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_NOATIME, .recursive = true }) == 0);
	CHECK(mount_attach(fd, open_path("/mnt/target")) == 0);
	CHECK((flags_of("/mnt/target") & (ST_RDONLY | ST_NOSUID | ST_NOATIME)) == (ST_RDONLY | ST_NOATIME));
	CHECK((flags_of("/mnt/target/sub") & (ST_RDONLY | ST_NODEV | ST_NOATIME)) == (ST_NODEV | ST_NOATIME));
	CHECK(mount_set_attributes(fd, &(struct mount_attributes){ .clear = MOUNT_ATTR_NOATIME }) == 0);
	CHECK(!(flags_of("/mnt/target") & ST_NOATIME) && (flags_of("/mnt/target") & ST_RELATIME));
	/* The source is as it was. */
	CHECK((flags_of("/mnt") & (ST_RDONLY | ST_NOSUID | ST_NOATIME)) == ST_NOSUID);
	return 0;
}

static int clone_without_what_is_below(void)
{
	int fd = -EBADF;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/sub", 0755) == 0 && mount("tmpfs", "/mnt/sub", "tmpfs", 0, NULL) == 0 && mkdir("/mnt/sub/x", 0755) == 0);
	CHECK(mount_clone_tree(AT_FDCWD, "/mnt", false, &fd) == 0);
	CHECK(faccessat(fd, "sub/x", F_OK, 0) < 0);
	CHECK(mount_clone_tree(open_path("/mnt"), "", true, &fd) == 0);
	CHECK(faccessat(fd, "sub/x", F_OK, 0) == 0);
	CHECK(mount_clone_tree(AT_FDCWD, "/mnt/nothing", true, &fd) == -ENOENT);
	return 0;
}

static int mismatched(void)
{
	int fd = -EBADF;

	CHECK(mount_clone_tree(AT_FDCWD, "/mnt", false, &fd) == 0);
	CHECK(mount_attach(fd, open_path("/dev/null")) == -ENOTDIR);
	CHECK(mount_clone_tree(AT_FDCWD, "/dev/null", false, &fd) == 0);
	CHECK(mount_attach(fd, open_path("/mnt")) == -ENOTDIR);
	return 0;
}

static int remounting(void)
{
	struct error err = ERROR_INIT;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, "size=1m") == 0);
	CHECK(mount_remount(open_path("/mnt"), &(struct mount_request){ .type = "tmpfs", .flags = MS_RDONLY, .data = "size=2m" }, 0, &err) == 0);
	CHECK(flags_of("/mnt") & ST_RDONLY);
	CHECK(mount_remount(open_path("/mnt"), &(struct mount_request){ .type = "tmpfs", .data = "size=2m" }, MS_RDONLY, &err) == 0);
	CHECK(!(flags_of("/mnt") & ST_RDONLY));
	CHECK(mount_remount(open_path("/mnt"), &(struct mount_request){ .type = "tmpfs", .data = "nonsense" }, 0, &err) < 0);
	CHECK(strstr(err.message, "nonsense"));
	return 0;
}

static int propagation(void)
{
	struct mountinfo table = { 0 };
	int procfs_fd = -EBADF, fd = -EBADF;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mount_set_propagation("/mnt", MS_SHARED) == 0);
	CHECK(mkdir("/mnt/a", 0755) == 0);
	CHECK(mount_clone_tree(AT_FDCWD, "/mnt", false, &fd) == 0);
	CHECK(mount_set_attributes(fd, &(struct mount_attributes){ .propagation = MS_SLAVE }) == 0);
	CHECK(mount_attach(fd, open_path("/opt")) == 0);
	/* Arrives at the slave, and the slave's own stays its own. */
	CHECK(mount("tmpfs", "/mnt/a", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/a/x", 0755) == 0 && access("/opt/a/x", F_OK) == 0);
	CHECK(procfs_open_host(&procfs_fd) == 0 && mountinfo_load(procfs_fd, &table) == 0);
	CHECK(table.count > 3);
	return 0;
}

IN_CHILD(new_file_system, CLONE_NEWNS)
IN_CHILD(refusals, CLONE_NEWNS)
IN_CHILD(long_options, CLONE_NEWNS)
IN_CHILD(quoted_options, CLONE_NEWNS)
IN_CHILD(attributes, CLONE_NEWNS)
IN_CHILD(clone_without_what_is_below, CLONE_NEWNS)
IN_CHILD(mismatched, CLONE_NEWNS)
IN_CHILD(remounting, CLONE_NEWNS)
IN_CHILD(propagation, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_new_file_system),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_long_options),
		cmocka_unit_test(test_quoted_options),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_clone_without_what_is_below),
		cmocka_unit_test(test_mismatched),
		cmocka_unit_test(test_remounting),
		cmocka_unit_test(test_propagation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
