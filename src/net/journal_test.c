/* SPDX-License-Identifier: Apache-2.0 */
#include "net/journal.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>

static char scratch[] = "/tmp/bivy-journal.XXXXXX";

static int begin(void **state)
{
	(void)state;
	strcpy(scratch + sizeof scratch - 7, "XXXXXX");
	return mkdtemp(scratch) ? 0 : -1;
}

static int end(void **state)
{
	_cleanup_free_ char *document = str_printf("%s/network.json", scratch);

	(void)state;
	ignore_result(unlink(document));
	return rmdir(scratch);
}

static void test_round(void **state)
{
	const struct spec_network_plan plan = { .id = (char *)"a" };
	_cleanup_close_ int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *found = &plan;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(net_journal_read(arena, fd, ".", &found, &err), 0);
	assert_null(found);
	assert_int_equal(net_journal_read(arena, AT_FDCWD, "/nothing/there", &found, &err), 0);
	assert_null(found);
	assert_int_equal(net_journal_write(fd, ".", &plan, &err), 0);
	assert_int_equal(net_journal_read(arena, AT_FDCWD, scratch, &found, &err), 0);
	assert_string_equal(found->id, "a");
	assert_int_equal(net_journal_remove(fd, ".", &err), 0);
	assert_int_equal(net_journal_remove(AT_FDCWD, scratch, &err), 0);
	assert_int_equal(net_journal_read(arena, fd, ".", &found, &err), 0);
	assert_null(found);
}

/* The file is named, and what was asked for stays as it is. */
static void test_failures(void **state)
{
	const struct spec_network_plan plan = { .id = (char *)"a" };
	_cleanup_close_ int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *wanted = str_printf("cannot read '%s/network.json'", scratch);
	const struct spec_network_plan *found = &plan;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(file_replace_at(fd, "network.json", "{", 1, 0600), 0);
	assert_true(net_journal_read(arena, AT_FDCWD, scratch, &found, &err) < 0);
	assert_memory_equal(err.message, wanted, strlen(wanted));
	assert_ptr_equal(found, &plan);
	err = ERROR_INIT;
	assert_true(net_journal_read(arena, fd, ".", &found, &err) < 0);
	assert_memory_equal(err.message, "cannot read 'network.json'", 26);
	err = ERROR_INIT;
	assert_true(net_journal_write(AT_FDCWD, "/nothing/there", &plan, &err) < 0);
	assert_string_equal(err.message, "cannot write '/nothing/there/network.json': no such file or directory");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
