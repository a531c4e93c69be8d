/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tally.h"
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

struct scratch {
	char root[40];
	struct directories directories;
};

static void open_scratch(struct scratch *scratch)
{
	*scratch = (struct scratch){ .root = "/tmp/engine-tally-XXXXXX" };
	assert_non_null(mkdtemp(scratch->root));
	scratch->directories.root = scratch->root;
}

static void close_scratch(struct scratch *scratch)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", scratch->root);

	assert_int_equal(system(command), 0);
}

static void test_sums(void **state)
{
	struct scratch s;
	struct spec_tally tally;

	(void)state;
	open_scratch(&s);
	assert_int_equal(tally_read(&s.directories).since_ns, 0);
	tally_add_pull(&s.directories, SPEC_TALLY_SUCCESS, 50000000, 1000);
	tally_add_pull(&s.directories, SPEC_TALLY_FAILURE, 2000000000, 0);
	tally_add_build(&s.directories, SPEC_TALLY_SUCCESS, 1, 3, 4);
	tally_add_build(&s.directories, SPEC_TALLY_SUCCESS, 2, 1, 0);
	tally = tally_read(&s.directories);
	assert_true(tally.since_ns > 0);
	assert_int_equal(tally.pulls[SPEC_TALLY_SUCCESS].buckets[0], 1);
	assert_int_equal(tally.pulls[SPEC_TALLY_FAILURE].buckets[3], 1);
	assert_int_equal(tally.pulls[SPEC_TALLY_FAILURE].sum_ns, 2000000000);
	assert_int_equal(tally.builds[SPEC_TALLY_SUCCESS].buckets[0], 2);
	assert_int_equal(tally.pulled_bytes, 1000);
	assert_int_equal(tally.steps_run, 4);
	assert_int_equal(tally.steps_cached, 4);
	close_scratch(&s);
}

static void test_damage_begins_anew(void **state)
{
	struct scratch s;
	_cleanup_free_ char *path = NULL, *debris = NULL;

	(void)state;
	open_scratch(&s);
	path = str_printf("%s/tally.json", s.root);
	debris = str_printf("%s/.tally.new", s.root);
	assert_int_equal(file_replace_at(AT_FDCWD, path, "{\"For", 5, 0600), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, debris, "half", 4, 0600), 0); /* of one that was killed */
	assert_int_equal(tally_read(&s.directories).since_ns, 0);
	tally_add_pull(&s.directories, SPEC_TALLY_SUCCESS, 1, 7);
	assert_int_equal(tally_read(&s.directories).pulled_bytes, 7);
	assert_int_equal(access(debris, F_OK), -1);
	close_scratch(&s);
}

#define WRITERS 4
#define TIMES 50

/* Several at once lose nothing; and one that is killed again and again costs the others nothing. */
static void test_many(void **state)
{
	struct scratch s;
	pid_t writers[WRITERS], victim;

	(void)state;
	open_scratch(&s);
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0) {
			for (int j = 0; j < TIMES; j++)
				tally_add_pull(&s.directories, SPEC_TALLY_SUCCESS, 1, 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 20; i++) {
		victim = fork();
		while (victim == 0)
			tally_add_build(&s.directories, SPEC_TALLY_SUCCESS, 1, 1, 0);
		usleep(500);
		kill(victim, SIGKILL);
		waitpid(victim, NULL, 0);
	}
	for (size_t i = 0; i < WRITERS; i++)
		waitpid(writers[i], NULL, 0);
	assert_int_equal(tally_read(&s.directories).pulled_bytes, WRITERS * TIMES);
	assert_int_equal(tally_read(&s.directories).builds[SPEC_TALLY_SUCCESS].buckets[0], tally_read(&s.directories).steps_run);
	close_scratch(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_damage_begins_anew),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
