/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount_part.h"

#include "host/child_test.h"
#include "host/mount.h"
#include "host/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static bool has(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file system in memory that is attached nowhere, with a/b/c in it, a file, and links that lead out. */
static int make_mount(int *ret_fd)
{
	_cleanup_close_ int fs = sys_fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -EBADF;
	int root;

	CHECK(fs >= 0 && sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	root = sys_fsmount(fs, FSMOUNT_CLOEXEC, 0);
	CHECK(root >= 0 && mkdirat(root, "a", 0755) == 0 && mkdirat(root, "a/b", 0755) == 0 && mkdirat(root, "a/b/c", 0755) == 0);
	fd = openat(root, "a/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && symlinkat("/a/b", root, "inside") == 0 && symlinkat("../../../etc", root, "outside") == 0);
	*ret_fd = root;
	return 0;
}

/* What is got is attached, and is the part alone, after the rest is gone. */
static int parts(void)
{
	_cleanup_close_ int mount_fd = -EBADF, part = -EBADF, there = -EBADF;

	CHECK(make_mount(&mount_fd) == 0 && mount_part_clone(mount_fd, "inside", false, &part) == 0);
	close_and_forget(&mount_fd);
	CHECK(has(part, "c") && !has(part, "file") && !has(part, "../file"));
	CHECK(sys_move_mount(part, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH) == 0);
	there = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(mount_is_root_at(there, "") && has(AT_FDCWD, "/mnt/c"));
	/* And nothing else has come to the caller's namespace. */
	CHECK(!has(AT_FDCWD, "/a/b") && umount2("/mnt", MNT_DETACH) == 0 && !has(AT_FDCWD, "/mnt/c"));
	return 0;
}

static int files_and_failures(void)
{
	_cleanup_close_ int mount_fd = -EBADF, part = -EBADF;
	struct stat status;

	CHECK(make_mount(&mount_fd) == 0 && mount_part_clone(mount_fd, "a/file", false, &part) == 0);
	CHECK(fstat(part, &status) == 0 && S_ISREG(status.st_mode));
	close_and_forget(&mount_fd);
	CHECK(make_mount(&mount_fd) == 0 && mount_part_clone(mount_fd, "a/none", false, &part) == -ENOENT);
	close_and_forget(&mount_fd);
	/* A link that leads out ends at its root. */
	CHECK(make_mount(&mount_fd) == 0 && mount_part_clone(mount_fd, "outside", false, &part) == -ENOENT);
	return 0;
}

IN_CHILD(parts, CLONE_NEWNS)
IN_CHILD(files_and_failures, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_files_and_failures),
	};

	return cmocka_run_group_tests_name("host/mount_part", tests, NULL, NULL);
}
