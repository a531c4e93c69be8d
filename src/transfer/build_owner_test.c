/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_owner.h"

#include <fcntl.h>

static int open_root(void)
{
	int fd = open(shell_scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_names_and_numbers(void **state _unused_)
{
	static const struct {
		const char *text;
		uint32_t uid, gid;
	} cases[] = {
		{ "web", 33, 34 }, { "web:", 33, 34 }, { "web:staff", 33, 50 }, { "web:7", 33, 7 }, { "7", 7, 7 }, { "7:8", 7, 8 }, { "7:staff", 7, 50 },
		{ ":staff", 0, 50 }, { "last", 5, 5 }, { "0", 0, 0 }, { "4294967294", 4294967294, 4294967294 }, { "broken:0", 9, 0 },
	};
	_cleanup_close_ int fd = -EBADF;

	shell_run("mkdir etc real; printf 'root:x:0:0::/:\\nbroken:x:no:1\\nweb:x:33:34:w:/:/x\\nbroken:x:9:1\\nlast:x:5' >real/passwd; ln -s /real/passwd etc/passwd;"
		  "printf 'root:x:0:\\nstaff:x:50:web\\n' >etc/group");
	fd = open_root();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct build_owner owner = { 1, 1 };
		struct error err = ERROR_INIT;

		if (build_owner_find(fd, cases[i].text, &owner, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.message);
		assert_int_equal(owner.uid, cases[i].uid);
		assert_int_equal(owner.gid, cases[i].gid);
	}
}

static void test_who_is_not_there(void **state _unused_)
{
	static const struct {
		const char *text, *message, *hint;
	} cases[] = {
		{ "wbe", "no user 'wbe' in '/etc/passwd'", "did you mean 'web'?" },
		{ "web:stff", "no group 'stff' in '/etc/group'", "did you mean 'staff'?" },
		{ "we", "no user 'we' in '/etc/passwd'", "did you mean 'web'?" },
		{ "4294967295", "no user '4294967295' in '/etc/passwd'", "" },
		{ "-1", "no user '-1' in '/etc/passwd'", "" },
		{ "nobody-of-all", "no user 'nobody-of-all' in '/etc/passwd'", "" },
	};
	_cleanup_close_ int fd = -EBADF;
	struct build_owner owner;
	struct error err;

	shell_run("mkdir etc; echo web:x:33:34 >etc/passwd; echo staff:x:50: >etc/group");
	fd = open_root();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err = ERROR_INIT;
		assert_int_equal(build_owner_find(fd, cases[i].text, &owner, &err), -ENOENT);
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
	}
	/* What is no file is as good as none. */
	shell_run("rm etc/passwd; mkfifo etc/passwd; rm -r etc/group; mkdir etc/group");
	assert_int_equal(build_owner_find(fd, "web", &owner, NULL), -ENOENT);
	assert_int_equal(build_owner_find(fd, "1:staff", &owner, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_names_and_numbers),
		shell_test(test_who_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
