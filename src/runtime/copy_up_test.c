/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy_up.h"

#include "host/child_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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
	CHECK(copy_up(from, to, &err) == 0);
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
	CHECK(copy_up(from, to, &err) < 0);
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
	CHECK(make_file(from, "big", big, 0644) == 0);
	CHECK(copy_up(from, to, &err) == -ENOSPC);
	CHECK(strstr(err.message, "'big'"));
	return 0;
}

#define IN_CHILD(name)                            \
	static void test_##name(void **state)     \
	{                                         \
		(void)state;                      \
		run_in_child(CLONE_NEWNS, name); \
	}
IN_CHILD(copy_everything)
IN_CHILD(too_deep)
IN_CHILD(no_space)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_everything),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
