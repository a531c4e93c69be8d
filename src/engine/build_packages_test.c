/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "engine/build_packages.h"

#include <fcntl.h>

static char warning[600];

static void listen(void *context _unused_, const struct build_event *event)
{
	if (event->kind == BUILD_WARNING)
		snprintf(warning, sizeof warning, "%s", event->text);
}

/* What is in the scratch directory, in ARENA. */
static struct build_packages find(struct arena *arena)
{
	const struct build_request request = { .tell = listen };
	struct build build = { .arena = arena, .request = &request, .status_fd = -EBADF };
	_cleanup_close_ int fd = open(shell_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct build_packages packages;
	struct error err = ERROR_INIT;

	warning[0] = '\0';
	if (build_packages_find(&build, fd, &packages, &err) < 0)
		fail_msg("%s", err.message);
	return packages;
}

static void test_dpkg_and_apk(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct build_packages packages;

	shell_run("mkdir -p etc usr/lib var/lib/dpkg/status.d lib/apk/db; ln -s ../usr/lib/os-release etc/os-release; printf 'NAME=\"X\"\\nID=\"debian\"\\nVERSION_ID=12\\n' >usr/lib/os-release;"
		  "printf 'Package: b\\nVersion: 1\\n' >var/lib/dpkg/status; printf 'Package: a\\nVersion: 2\\n' >var/lib/dpkg/status.d/a;"
		  "printf 'Package: no\\nVersion: 2\\n' >var/lib/dpkg/status.d/a.md5sums; printf 'P:c\\nV:3\\n' >lib/apk/db/installed");
	packages = find(arena);
	assert_string_equal(packages.distribution, "debian");
	assert_string_equal(packages.version, "12");
	assert_int_equal(packages.list.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(packages.list.list[i].name, ((const char *[]){ "a", "b", "c" })[i]);
	assert_null(packages.comment);
	assert_string_equal(warning, "");
}

static void test_nothing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct build_packages packages = find(arena);

	assert_int_equal(packages.list.count, 0);
	assert_string_equal(packages.comment, "no packages are listed, there is no database of dpkg, apk or rpm in the image");
	assert_string_equal(warning, "sbom: no packages are listed, there is no database of dpkg, apk or rpm in the image");
}

/* What of rpm cannot be read is told; links that lead out of the tree, and what is no file, are nothing. */
static void test_unreadable(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	shell_run("mkdir -p var/lib/rpm var/lib/dpkg; echo x >var/lib/rpm/Packages; mkfifo var/lib/dpkg/status; ln -s /etc/os-release usr");
	assert_string_equal(find(arena).comment, "packages of rpm are not listed: its database is of a kind that cannot be read (Berkeley DB)");
	shell_run("echo x >var/lib/rpm/Packages.db");
	assert_string_equal(find(arena).comment, "not all packages of rpm are listed: '/var/lib/rpm/Packages.db': it is no database of rpm");
}

int main(void)
{
	const struct CMUnitTest tests[] = { shell_test(test_dpkg_and_apk), shell_test(test_nothing), shell_test(test_unreadable) };

	return cmocka_run_group_tests_name("engine/build_packages", tests, NULL, NULL);
}
