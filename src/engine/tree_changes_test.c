/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_changes.h"

#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char scratch[32];

static int make_scratch(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/changes-XXXXXX");
	return mkdtemp(scratch) && chdir(scratch) == 0 ? 0 : -1;
}

static void run(const char *commands)
{
	_cleanup_free_ char *command = str_printf("set -e; cd %s; %s", scratch, commands);

	if (system(command) != 0)
		fail_msg("%s", commands);
}

static int remove_scratch(void **state)
{
	_cleanup_free_ char *command = str_printf("cd /; rm -rf %s", scratch);

	(void)state;
	return system(command);
}

/* The changes of u/ over l/, one a line, after COMMANDS have made both. */
static void expect(const char *commands, const char *text)
{
	static const char *const mounts[] = { "/dev", "/etc/hosts", "/mnt/a/vol", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_close_ int upper_fd = -EBADF, lower_fd = -EBADF;
	struct container_change *changes = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	run("rm -rf u l; mkdir u l");
	run(commands);
	upper_fd = open("u", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lower_fd = open("l", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(upper_fd >= 0 && lower_fd >= 0);
	if (tree_changes_find(arena, upper_fd, lower_fd, mounts, &changes, &count, &err) < 0)
		fail_msg("%s", err.message);
	buf_add_text(&out, "");
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%c %s\n", changes[i].kind, changes[i].path);
	assert_string_equal(out.data, text);
}

static void test_nothing(void **state)
{
	(void)state;
	expect("mkdir -p l/d; cp -a l/d u/", "");
}

static void test_kinds(void **state)
{
	(void)state;
	expect("mkdir -p l/etc l/usr/lib; echo 1 >l/etc/conf; echo 2 >l/etc/gone; cp -a l/etc u/; cp -a l/usr u/; echo 3 >>u/etc/conf;"
	       "rm u/etc/gone; mknod u/etc/gone c 0 0; mkdir u/new; echo >u/new/file; ln -s x u/link; mknod u/never c 0 0",
		"C /etc\nC /etc/conf\nD /etc/gone\nA /link\nA /new\nA /new/file\n");
}

static void test_directories(void **state)
{
	(void)state;
	expect("mkdir -p l/mode l/time l/deep/er; cp -a l/mode l/time l/deep u/; chmod 711 u/mode; touch -d 2001-01-01 u/time; echo >u/deep/er/file;"
	       "touch -r l/deep u/deep; mkdir l/was; echo >l/was/in; touch u/was; echo >l/file; mkdir u/file; echo >u/file/in",
		"C /deep\nC /deep/er\nA /deep/er/file\nC /file\nA /file/in\nC /mode\nC /time\nC /was\n");
}

static void test_opaque(void **state)
{
	(void)state;
	if (system("command -v setfattr >/dev/null") != 0)
		skip();
	run("mkdir -p probe");
	if (system("setfattr -n trusted.overlay.opaque -v y probe 2>/dev/null || setfattr -n user.overlay.opaque -v y probe 2>/dev/null") != 0)
		skip();
	expect("mkdir -p l/d/sub; echo >l/d/a; echo >l/d/b; mkdir u/d; echo >u/d/b; echo >u/d/c; touch -r l/d u/d;"
	       "setfattr -n trusted.overlay.opaque -v y u/d || setfattr -n user.overlay.opaque -v y u/d",
		"C /d\nD /d/a\nC /d/b\nA /d/c\nD /d/sub\n");
}

static void test_mounts_are_none(void **state)
{
	(void)state;
	expect("mkdir -p l/etc; cp -a l/etc u/; mkdir -p u/dev u/mnt/a/vol; touch u/etc/hosts", "");
	/* But what is in them, and beside them, is. */
	expect("mkdir -p l/etc; cp -a l/etc u/; mkdir -p u/dev u/mnt/a/vol; echo >u/dev/x; echo >u/etc/hosts; echo >u/mnt/b",
		"A /dev\nA /dev/x\nC /etc\nA /etc/hosts\nA /mnt\nA /mnt/b\n");
}

static void test_order(void **state)
{
	(void)state;
	expect("mkdir u/a; echo >u/a/x; echo >u/a.b; echo >u/B", "A /B\nA /a\nA /a/x\nA /a.b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_opaque),
		cmocka_unit_test(test_mounts_are_none),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
