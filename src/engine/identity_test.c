/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/identity.h"
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/bivy-identity-XXXXXX";
static int root_fd = -EBADF;

static void put(const char *path, const char *text)
{
	if (file_replace_at(root_fd, path, text, strlen(text), 0644) < 0)
		fail_msg("cannot write %s", path);
}

static int set_up(void **state _unused_)
{
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(root_fd, "etc", 0755) < 0)
		return -1;
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n\nbroken\nweb:x:33:34::/srv:\n33:x:1000:1000::/odd:\nno-number:x:a:1::/:\nlast:x:7:8:::");
	put("etc/group", "root:x:0:\nadm:x:4:root,web\nwww:x:34:\nvideo:x:44:web\n55:x:66:\n");
	return 0;
}

static int tear_down(void **state _unused_)
{
	unlinkat(root_fd, "etc/passwd", 0);
	unlinkat(root_fd, "etc/group", 0);
	unlinkat(root_fd, "etc", AT_REMOVEDIR);
	close(root_fd);
	return rmdir(root);
}

static void test_found(void **state _unused_)
{
	static const struct {
		const char *user;
		uint32_t uid, gid;
		const char *name, *home;
		uint32_t groups[3];
		size_t group_count;
	} cases[] = {
		{ NULL, 0, 0, "root", "/root", { 4, 0 }, 2 },
		{ "", 0, 0, "root", "/root", { 4, 0 }, 2 },
		{ "web", 33, 34, "web", "/srv", { 4, 44, 34 }, 3 },
		{ "web:adm", 33, 4, "web", "/srv", { 4 }, 1 },
		{ "web:", 33, 34, "web", "/srv", { 4, 44, 34 }, 3 },
		{ ":adm", 0, 4, "root", "/root", { 4 }, 1 },
		{ "33", 1000, 1000, "33", "/odd", { 1000 }, 1 },  /* a name of digits goes before the number */
		{ "1000", 1000, 1000, "33", "/odd", { 1000 }, 1 },
		{ "5", 5, 0, NULL, NULL, { 0 }, 1 },
		{ "5:6", 5, 6, NULL, NULL, { 6 }, 1 },
		{ "5:55", 5, 66, NULL, NULL, { 66 }, 1 },
		{ "last", 7, 8, "last", NULL, { 8 }, 1 },
		{ "4294967294", 4294967294u, 0, NULL, NULL, { 0 }, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct identity identity;

		assert_int_equal(identity_find(arena, root_fd, cases[i].user, NULL, &identity, NULL), 0);
		assert_int_equal(identity.uid, cases[i].uid);
		assert_int_equal(identity.gid, cases[i].gid);
		assert_true(str_equal(identity.name, cases[i].name));
		assert_true(str_equal(identity.home, cases[i].home));
		assert_int_equal(identity.group_count, cases[i].group_count);
		assert_memory_equal(identity.groups, cases[i].groups, cases[i].group_count * sizeof(uint32_t));
	}
}

static void test_more_groups(void **state _unused_)
{
	static char video[] = "video", seven[] = "7", none[] = "none";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct identity identity;
	struct error err = ERROR_INIT;

	assert_int_equal(identity_find(arena, root_fd, "web", (char *[]){ video, seven, NULL }, &identity, NULL), 0);
	assert_int_equal(identity.group_count, 4);
	assert_int_equal(identity.groups[2], 7);
	assert_int_equal(identity_find(arena, root_fd, "web", (char *[]){ none, NULL }, &identity, &err), -ENOENT);
	assert_string_equal(err.message, "no such group 'none' in /etc/group of the container");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "nobody", "no such user 'nobody' in /etc/passwd of the container" },
		{ "no-number", "no such user 'no-number' in /etc/passwd of the container" },
		{ "4294967295", "user '4294967295': ids end at 4294967294" },
		{ "-1", "no such user '-1' in /etc/passwd of the container" },
		{ "web:x", "no such group 'x' in /etc/group of the container" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct identity identity;
		struct error err = ERROR_INIT;

		assert_true(identity_find(arena, root_fd, cases[i][0], NULL, &identity, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

/* A link out of the root stays inside; a fifo does not keep us waiting. */
static void test_hostile_files(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct identity identity;
	struct error err = ERROR_INIT;

	assert_int_equal(unlinkat(root_fd, "etc/passwd", 0), 0);
	assert_int_equal(identity_find(arena, root_fd, "5", NULL, &identity, NULL), 0);
	assert_int_equal(symlinkat("../../../../etc/group", root_fd, "etc/passwd"), 0);
	assert_int_equal(identity_find(arena, root_fd, "adm", NULL, &identity, &err), -ENOENT);
	assert_int_equal(unlinkat(root_fd, "etc/passwd", 0), 0);
	assert_int_equal(mkfifoat(root_fd, "etc/passwd", 0644), 0);
	assert_int_equal(identity_find(arena, root_fd, "root", NULL, &identity, &err), -ENXIO);
	assert_string_equal(err.message, "cannot read '/etc/passwd' of the container: no such device or address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_more_groups), cmocka_unit_test(test_refused), cmocka_unit_test(test_hostile_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
