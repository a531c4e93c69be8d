/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/turns.h"
#include "base/clock.h"
#include "store/shell_test.h"

#include <sys/wait.h>
#include <unistd.h>

static const struct directories *here(void)
{
	static struct directories directories;

	directories.root = directories.run_root = shell_scratch;
	return &directories;
}

static void test_there_are_so_many(void **state _unused_)
{
	int first = turn_take_of(here(), 2, 0), second = turn_take_of(here(), 2, 0);
	int64_t before = clock_monotonic_ms();

	assert_true(first >= 0 && second >= 0);
	assert_true(turn_take_of(here(), 2, 0) < 0);
	/* Who waits in vain goes on without, when he has waited. */
	assert_true(turn_take_of(here(), 2, 30) < 0);
	assert_true(clock_monotonic_ms() >= before + 30);
	close(first);
	first = turn_take_of(here(), 2, 0);
	assert_true(first >= 0);
	close(first);
	close(second);
}

/* As many turns are had and given back as are asked for, and never more at a time than there are. */
static void test_all_have_theirs(void **state _unused_)
{
	shell_run("mkdir had");
	for (int i = 0; i < 12; i++) {
		if (fork() == 0) {
			int fd = turn_take_of(here(), 3, 20000);
			_cleanup_free_ char *command = str_printf("cd '%s'; mkdir had/%d; [ $(ls had | wc -l) -le 3 ] || touch crowded; sleep 0.02; rmdir had/%d; echo >>done", shell_scratch, i, i);

			_exit(fd < 0 || system(command) != 0);
		}
	}
	while (wait(NULL) > 0)
		;
	shell_expect("wc -l <done; [ ! -e crowded ]", "12\n");
}

static void test_without_a_place_there_are_none(void **state _unused_)
{
	const struct directories nowhere = { .root = "/nowhere", .run_root = "/nowhere" };

	assert_true(turn_take(&nowhere) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_are_so_many, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_all_have_theirs, shell_begin, shell_end),
		cmocka_unit_test(test_without_a_place_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
