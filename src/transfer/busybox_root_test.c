/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"
#include "transfer/busybox_root.h"

#include "base/file.h"

#include <elf.h>
#include <fcntl.h>

/* The machine's own, if it has one. */
static void read_busybox(struct buf *ret)
{
	if (file_read_at(AT_FDCWD, "/bin/busybox", BUSYBOX_LIMIT, ret) < 0) {
		print_message("# missing: busybox\n");
		skip();
	}
}

static struct spec_platform platform_of(const char *architecture)
{
	return (struct spec_platform){ .os = (char *)"linux", .architecture = (char *)architecture };
}

static void test_applets(void **state _unused_)
{
	static const char cut[] = "\0[\0[[\0arch\0as", path[] = "\0[\0[[\0a/b\0";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf bytes = BUF_INIT, listed = BUF_INIT;
	_cleanup_free_ char *wanted = NULL;
	char **applets;

	read_busybox(&bytes);
	wanted = shell("busybox --list");
	applets = busybox_root_applets(arena, bytes.data, bytes.length);
	assert_non_null(applets);
	for (; *applets; applets++)
		buf_printf(&listed, "%s\n", *applets);
	assert_string_equal(listed.data, wanted);
	/* Cut off within the list, or without it. */
	assert_null(busybox_root_applets(arena, bytes.data, 1000));
	assert_null(busybox_root_applets(arena, cut, sizeof cut - 1));
	assert_null(busybox_root_applets(arena, cut, sizeof cut));
	assert_null(busybox_root_applets(arena, path, sizeof path));
}

static void test_archive(void **state _unused_)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT, archive = BUF_INIT, again = BUF_INIT;
	_cleanup_free_ char *path = NULL;
	struct error err = ERROR_INIT;

	read_busybox(&bytes);
	if (busybox_root_write(bytes.data, bytes.length, 1234567890, sink_to_buf(&archive), &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(busybox_root_write(bytes.data, bytes.length, 1234567890, sink_to_buf(&again), NULL), 0);
	assert_int_equal(archive.length, again.length);
	assert_memory_equal(archive.data, again.data, archive.length);
	path = str_printf("%s/a.tar", shell_scratch);
	assert_int_equal(file_replace_at(AT_FDCWD, path, archive.data, archive.length, 0600), 0);
	shell_run("mkdir x && tar xpf a.tar -C x && cmp x/bin/busybox /bin/busybox && test \"$(x/bin/echo hi)\" = hi && x/usr/bin/env true");
	shell_expect("stat -c '%a %Y' x/tmp x/root x/etc/passwd x/bin/sh", "1777 1234567890\n700 1234567890\n644 1234567890\n777 1234567890\n");
	shell_expect("tar tf a.tar | sort | uniq -d", "");
}

static void test_refused(void **state _unused_)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT, sh = BUF_INIT;
	struct spec_platform sparc = platform_of("sparc"), machine;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *name = NULL;

	read_busybox(&bytes);
	name = shell("uname -m");
	machine = spec_platform_of_machine(arena, str_trim_end(name));
	assert_null(busybox_root_refuse(bytes.data, bytes.length, &machine));
	assert_string_equal(busybox_root_refuse(bytes.data, bytes.length, &sparc), "a program for another architecture");
	assert_string_equal(busybox_root_refuse("#!/bin/sh\n", 10, &machine), "no program");
	assert_int_equal(file_read_at(AT_FDCWD, "/bin/ls", BUSYBOX_LIMIT, &sh), 0);
	assert_string_equal(busybox_root_refuse(sh.data, sh.length, &machine), "a program that needs libraries");
	/* A table that lies beyond the end. */
	memset(sh.data + offsetof(Elf64_Ehdr, e_phoff), 0xff, 8);
	assert_null(busybox_root_refuse(sh.data, sh.length, &machine));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_applets),
		shell_test(test_archive),
		shell_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
