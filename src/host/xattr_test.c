/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xattr.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* CAP_KILL, permitted and effective (struct vfs_cap_data, revision 2). */
static const unsigned char capability[] = { 1, 0, 0, 2, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

/* A tmpfs with a file, and a file system that knows no attributes with another. */
static int open_files(int *ret_from, int *ret_to)
{
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0 && mkdir("/mnt/plain", 0755) == 0);
	CHECK(mount("ramfs", "/mnt/plain", "ramfs", 0, NULL) == 0);
	*ret_from = open("/mnt/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	*ret_to = open("/mnt/plain/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(*ret_from >= 0 && *ret_to >= 0);
	return 0;
}

static int what_cannot_be_kept(void)
{
	int from, to;

	CHECK(open_files(&from, &to) == 0);
	CHECK(xattr_copy(from, to, 0) == 0);
	CHECK(fsetxattr(from, "trusted.mark", "x", 1, 0) == 0);
	CHECK(xattr_copy(from, to, 0) == 0);
	/* What decides about rights is not lost in silence. */
	CHECK(fsetxattr(from, "security.capability", capability, sizeof capability, 0) == 0);
	CHECK(xattr_copy(from, to, 0) == -EOPNOTSUPP);
	CHECK(xattr_copy(to, from, 0) == 0);
	return 0;
}

static int big_ones(void)
{
	static char value[1 << 15], found[1 << 15];
	int from, to;

	CHECK(open_files(&from, &to) == 0);
	close(to);
	CHECK((to = open("/mnt/other", O_RDWR | O_CREAT | O_CLOEXEC, 0644)) >= 0);
	memset(value, 'v', sizeof value);
	CHECK(fsetxattr(from, "trusted.big", value, sizeof value, 0) == 0 && fsetxattr(from, "trusted.empty", "", 0, 0) == 0);
	CHECK(xattr_copy(from, to, 0) == 0);
	CHECK(fgetxattr(to, "trusted.big", found, sizeof found) == sizeof found && memcmp(found, value, sizeof found) == 0);
	CHECK(fgetxattr(to, "trusted.empty", found, sizeof found) == 0);
	return 0;
}

static int entries(void)
{
	char found[8];
	int from, to, files[2];

	CHECK(open_files(&files[0], &files[1]) == 0);
	CHECK(mkdir("/mnt/a", 0755) == 0 && mkdir("/mnt/b", 0755) == 0 && symlink("/mnt/file", "/mnt/a/link") == 0 && symlink("/mnt/file", "/mnt/b/link") == 0);
	CHECK(lsetxattr("/mnt/a/link", "trusted.mark", "x", 1, 0) == 0);
	from = open("/mnt/a", O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = open("/mnt/b", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(xattr_copy_at(from, to, "link") == 0);
	CHECK(lgetxattr("/mnt/b/link", "trusted.mark", found, sizeof found) == 1);
	CHECK(lgetxattr("/mnt/file", "trusted.mark", found, sizeof found) < 0);
	CHECK(xattr_copy_at(from, to, "nosuch") == -ENOENT);
	return 0;
}

IN_CHILD(what_cannot_be_kept, CLONE_NEWNS)
IN_CHILD(big_ones, CLONE_NEWNS)
IN_CHILD(entries, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be_kept),
		cmocka_unit_test(test_big_ones),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
