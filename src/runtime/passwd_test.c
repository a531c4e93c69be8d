/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/passwd.h"

#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

static int make_file(const char *text, size_t length)
{
	int fd = memfd_create("passwd", MFD_CLOEXEC);

	assert_true(fd >= 0);
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		assert_true(n > 0);
		text += n;
		length -= (size_t)n;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* NULL: is not found. */
static void assert_user(const char *text, uint32_t uid, const char *name, const char *home)
{
	_cleanup_close_ int fd = make_file(text, strlen(text));
	_cleanup_free_ char *found_name = NULL, *found_home = NULL;

	assert_int_equal(passwd_find(fd, uid, &found_name, &found_home), 0);
	if (!str_equal(found_name, name) || !str_equal(found_home, home))
		fail_msg("'%s', %u: %s, %s", text, uid, found_name ? found_name : "none", found_home ? found_home : "none");
}

static void test_find(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:a user,,:/home/user:/bin/sh\n"
				   "again:x:1000:1:::\nhalf:x:7\n\n#comment\nnone:x:8:8:::/bin/sh\nlater:x:8:8::/later:\nlast::4294967295:0::/last";

	(void)state;
	assert_user(text, 0, "root", "/root");
	assert_user(text, 1000, "user", "/home/user");
	assert_user(text, 7, "half", NULL);
	/* A line without a home is no reason not to look further. */
	assert_user(text, 8, "none", "/later");
	assert_user(text, UINT32_MAX, "last", "/last");
	assert_user(text, 1, NULL, NULL);
	assert_user("", 0, NULL, NULL);
	assert_user("\n:\n::\n:::\n", 0, NULL, NULL);
	assert_user("a:x:0x0:0::/x:\nb:x: 0:0::/x:\nc:x:-1:0::/x:\nd:x:4294967296:0::/x:", 0, NULL, NULL);
}

static void test_one_of_both(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n";
	_cleanup_close_ int fd = make_file(text, strlen(text)), again = make_file(text, strlen(text));
	_cleanup_free_ char *name = NULL, *home = NULL;

	(void)state;
	assert_int_equal(passwd_find(fd, 0, &name, NULL), 0);
	assert_string_equal(name, "root");
	assert_int_equal(passwd_find(again, 0, NULL, &home), 0);
	assert_string_equal(home, "/root");
}

static void test_long(void **state)
{
	static char text[3 << 20];
	size_t length;

	(void)state;
	/* A line that is too long is none, also where a piece of it looks like one. */
	memset(text, 'x', 10000);
	strcpy(text + 4095, "evil:x:5:0::/evil:\nuser:x:5:0::/good:\n");
	assert_user(text, 5, "user", "/good");
	/* Many lines, over the ends of what is read at once. */
	length = 0;
	for (unsigned i = 0; i < 2000; i++)
		length += (size_t)sprintf(text + length, "user%u:x:%u:0:%0*u:/home/%u:\n", i, i + 100, (int)(i % 40), i, i);
	for (unsigned i = 0; i < 2000; i += 37) {
		char name[32], home[32];

		sprintf(name, "user%u", i);
		sprintf(home, "/home/%u", i);
		assert_user(text, i + 100, name, home);
	}
	/* Beyond what is read at all. */
	memset(text, '\n', sizeof text);
	strcpy(text + (2 << 20), "user:x:5:0::/far:\n");
	assert_user(text, 5, NULL, NULL);
}

static void test_zero_bytes(void **state)
{
	static const char text[] = "a:x:5\0:0::/a:\nb:x:6:0::/b:\n";
	_cleanup_close_ int fd = make_file(text, sizeof text - 1);
	_cleanup_free_ char *name = NULL, *home = NULL;

	(void)state;
	assert_int_equal(passwd_find(fd, 6, &name, &home), 0);
	assert_string_equal(name, "b");
	assert_string_equal(home, "/b");
}

static void test_what_is_no_file(void **state)
{
	char directory[] = "/tmp/bivy-passwd-XXXXXX";
	_cleanup_close_ int dirfd = -EBADF;
	char *name = NULL;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(passwd_find_at(dirfd, "passwd", 0, &name, NULL), -ENOENT);
	assert_int_equal(mkfifoat(dirfd, "passwd", 0600), 0);
	assert_int_equal(passwd_find_at(dirfd, "passwd", 0, &name, NULL), -ENXIO);
	assert_int_equal(unlinkat(dirfd, "passwd", 0), 0);
	assert_int_equal(passwd_find_at(dirfd, ".", 0, &name, NULL), -ENXIO);
	assert_null(name);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_one_of_both),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
