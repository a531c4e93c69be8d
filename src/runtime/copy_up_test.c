/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy_up.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

static int make_file(int fd, const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int file = openat(fd, name, O_CREAT | O_WRONLY | O_EXCL, 0600);

	return file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(file, mode) == 0 ? 0 : -1;
}

static int copy_everything(void)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char text[32] = "";
	int from, to, fd;

	umask(0077);
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	from = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	CHECK(make_file(from, "file", "text", 0604) == 0);
	CHECK(fchownat(from, "file", 7, 8, 0) == 0);
	CHECK(utimensat(from, "file", (struct timespec[]){ { 5, 6 }, { 1000, 2000 } }, 0) == 0);
	CHECK(mkdirat(from, "dir", 0700) == 0 && fchmodat(from, "dir", 01771, 0) == 0 && make_file(from, "dir/inner", "deep", 04755) == 0);
	CHECK(symlinkat("/outside", from, "link") == 0 && fchownat(from, "link", 9, 9, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(mknodat(from, "null", S_IFCHR | 0666, 0x103) == 0 && mkfifoat(from, "fifo", 0622) == 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(fd, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "/mnt/from/socket" }, sizeof(struct sockaddr_un)) == 0);
	umask(0);
	CHECK(copy_up(from, to, 0, &err) == 0);
	CHECK(fstatat(to, "file", &st, 0) == 0 && st.st_mode == (S_IFREG | 0604) && st.st_uid == 7 && st.st_gid == 8);
	CHECK(st.st_mtim.tv_sec == 1000 && st.st_mtim.tv_nsec == 2000);
	CHECK((fd = openat(to, "file", O_RDONLY)) >= 0 && read(fd, text, sizeof text) == 4 && memcmp(text, "text", 4) == 0);
	CHECK(fstatat(to, "dir", &st, 0) == 0 && st.st_mode == (S_IFDIR | 01771));
	CHECK(fstatat(to, "dir/inner", &st, 0) == 0 && st.st_mode == (S_IFREG | 04755) && st.st_size == 4);
	CHECK(readlinkat(to, "link", text, sizeof text) == 8 && memcmp(text, "/outside", 8) == 0);
	CHECK(fstatat(to, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 9);
	CHECK(fstatat(to, "null", &st, 0) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
	CHECK(fstatat(to, "fifo", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	CHECK(fstatat(to, "socket", &st, 0) < 0);
	return 0;
}

/* An ACL by hand: the owner reads and writes, user 7 reads, the group nothing, the mask reads (linux/posix_acl_xattr.h). */
static const unsigned char acl[] = {
	2, 0, 0, 0, 0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 4, 0, 7, 0, 0, 0, 0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

/* CAP_NET_BIND_SERVICE, permitted and effective (struct vfs_cap_data, revision 2). */
static const unsigned char capability[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static bool has_attribute(const char *path, const char *name, const void *value, size_t size)
{
	char found[256];

	return lgetxattr(path, name, found, sizeof found) == (ssize_t)size && memcmp(found, value, size) == 0;
}

static int attributes(void)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char here[PATH_MAX], now[PATH_MAX];
	int from, to;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	from = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	CHECK(make_file(from, "program", "text", 0644) == 0 && make_file(from, "secret", "text", 0640) == 0);
	CHECK(chown("/mnt/from/program", 7, 8) == 0 && chmod("/mnt/from/program", 06755) == 0);
	CHECK(mkdirat(from, "dir", 0755) == 0 && make_file(from, "dir/inner", "text", 0600) == 0 && mknodat(from, "fifo", S_IFIFO | 0640, 0) == 0);
	CHECK(symlinkat("nowhere", from, "link") == 0);
	if (setxattr("/mnt/from/secret", "system.posix_acl_access", acl, sizeof acl, 0) < 0)
		SKIP("a tmpfs with ACLs");
	CHECK(setxattr("/mnt/from/fifo", "system.posix_acl_access", acl, sizeof acl, 0) == 0);
	CHECK(setxattr("/mnt/from/dir", "system.posix_acl_default", acl, sizeof acl, 0) == 0);
	CHECK(setxattr("/mnt/from/program", "security.capability", capability, sizeof capability, 0) == 0);
	CHECK(setxattr("/mnt/from/program", "trusted.mark", "x", 1, 0) == 0 && lsetxattr("/mnt/from/link", "trusted.mark", "y", 1, 0) == 0);
	CHECK(utimensat(from, "dir", (struct timespec[]){ { 5, 6 }, { 1000, 2000 } }, 0) == 0);
	CHECK(getcwd(here, sizeof here) && copy_up(from, to, 0, &err) == 0 && getcwd(now, sizeof now) && strcmp(here, now) == 0);
	CHECK(has_attribute("/mnt/to/secret", "system.posix_acl_access", acl, sizeof acl));
	CHECK(has_attribute("/mnt/to/fifo", "system.posix_acl_access", acl, sizeof acl));
	CHECK(has_attribute("/mnt/to/dir", "system.posix_acl_default", acl, sizeof acl));
	/* Not inherited by the way. */
	CHECK(lgetxattr("/mnt/to/dir/inner", "system.posix_acl_access", now, sizeof now) < 0 && errno == ENODATA);
	CHECK(has_attribute("/mnt/to/program", "security.capability", capability, sizeof capability));
	CHECK(has_attribute("/mnt/to/program", "trusted.mark", "x", 1) && has_attribute("/mnt/to/link", "trusted.mark", "y", 1));
	CHECK(stat("/mnt/to/program", &st) == 0 && st.st_mode == (S_IFREG | 06755) && st.st_uid == 7 && st.st_gid == 8);
	CHECK(stat("/mnt/to/dir", &st) == 0 && st.st_mtim.tv_sec == 1000 && st.st_mtim.tv_nsec == 2000);
	return 0;
}

static int hard_links(void)
{
	struct error err = ERROR_INIT;
	struct stat first, st;
	char name[32];
	int from, to;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	from = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	CHECK(mkdirat(from, "a", 0755) == 0 && mkdirat(from, "b", 0755) == 0);
	CHECK(make_file(from, "a/one", "text", 0644) == 0 && make_file(from, "alone", "text", 0644) == 0);
	CHECK(linkat(from, "a/one", from, "b/two", 0) == 0 && linkat(from, "a/one", from, "three", 0) == 0);
	CHECK(mknodat(from, "fifo", S_IFIFO | 0640, 0) == 0 && linkat(from, "fifo", from, "a/fifo", 0) == 0);
	CHECK(symlinkat("x", from, "link") == 0 && linkat(from, "link", from, "b/link", 0) == 0);
	/* More than the table begins with. */
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "many-%d", i);
		CHECK(make_file(from, name, name, 0644) == 0);
		snprintf(name, sizeof name, "a/many-%d", i);
		CHECK(linkat(from, name + 2, from, name, 0) == 0);
	}
	/* One that has its other name elsewhere. */
	CHECK(make_file(from, "half", "text", 0644) == 0 && linkat(from, "half", AT_FDCWD, "/mnt/outside", 0) == 0);
	CHECK(copy_up(from, to, 0, &err) == 0);
	CHECK(fstatat(to, "a/one", &first, 0) == 0 && first.st_nlink == 3 && first.st_size == 4);
	CHECK(fstatat(to, "b/two", &st, 0) == 0 && st.st_ino == first.st_ino);
	CHECK(fstatat(to, "three", &st, 0) == 0 && st.st_ino == first.st_ino);
	CHECK(fstatat(to, "fifo", &first, 0) == 0 && first.st_nlink == 2 && fstatat(to, "a/fifo", &st, 0) == 0 && st.st_ino == first.st_ino);
	CHECK(fstatat(to, "link", &first, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(to, "b/link", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == first.st_ino);
	CHECK(fstatat(to, "alone", &st, 0) == 0 && st.st_nlink == 1);
	CHECK(fstatat(to, "half", &st, 0) == 0 && st.st_nlink == 1 && st.st_size == 4);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "a/many-%d", i);
		CHECK(fstatat(to, name, &first, 0) == 0 && fstatat(to, name + 2, &st, 0) == 0 && first.st_ino == st.st_ino);
		CHECK(st.st_nlink == 2 && st.st_size == (off_t)strlen(name + 2));
	}
	return 0;
}

static int the_directory_itself(void)
{
	struct error err = ERROR_INIT;
	struct stat st;
	int from, to;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0700) == 0 && mkdir("/mnt/too", 0700) == 0);
	CHECK(setxattr("/mnt/from", "trusted.mark", "x", 1, 0) == 0 && chown("/mnt/from", 7, 8) == 0 && chmod("/mnt/from", 02711) == 0);
	CHECK(utimensat(AT_FDCWD, "/mnt/from", (struct timespec[]){ { 5, 6 }, { 1000, 2000 } }, 0) == 0);
	from = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	CHECK(copy_up(from, to, COPY_UP_UID | COPY_UP_GID | COPY_UP_MODE, &err) == 0);
	CHECK(stat("/mnt/to", &st) == 0 && st.st_uid == 7 && st.st_gid == 8 && st.st_mode == (S_IFDIR | 02711) && st.st_mtim.tv_sec == 1000);
	CHECK(has_attribute("/mnt/to", "trusted.mark", "x", 1));
	to = open("/mnt/too", O_PATH | O_DIRECTORY);
	CHECK(copy_up(from, to, COPY_UP_GID, &err) == 0);
	CHECK(stat("/mnt/too", &st) == 0 && st.st_uid == 0 && st.st_gid == 8 && st.st_mode == (S_IFDIR | 0700));
	return 0;
}

static int too_deep(void)
{
	struct error err = ERROR_INIT;
	int from, to, fd;

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	from = fd = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	for (int i = 0; i < 200; i++) {
		CHECK(mkdirat(fd, "d", 0755) == 0);
		CHECK((fd = openat(fd, "d", O_PATH | O_DIRECTORY)) >= 0);
	}
	CHECK(copy_up(from, to, 0, &err) < 0);
	CHECK(strstr(err.message, "levels"));
	return 0;
}

static int no_space(void)
{
	struct error err = ERROR_INIT;
	static char big[1 << 16];
	int from, to;

	memset(big, 'x', sizeof big - 1);
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir("/mnt/from", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	CHECK(mount("tmpfs", "/mnt/to", "tmpfs", 0, "size=8k") == 0);
	from = open("/mnt/from", O_PATH | O_DIRECTORY);
	to = open("/mnt/to", O_PATH | O_DIRECTORY);
	CHECK(mkdirat(from, "dir", 0755) == 0 && make_file(from, "dir/big", big, 0644) == 0);
	CHECK(copy_up(from, to, 0, &err) == -ENOSPC);
	CHECK(strstr(err.message, "'dir/big'"));
	return 0;
}

IN_CHILD(copy_everything, CLONE_NEWNS)
IN_CHILD(attributes, CLONE_NEWNS)
IN_CHILD(hard_links, CLONE_NEWNS)
IN_CHILD(the_directory_itself, CLONE_NEWNS)
IN_CHILD(too_deep, CLONE_NEWNS)
IN_CHILD(no_space, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_everything),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_hard_links),
		cmocka_unit_test(test_the_directory_itself),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
