/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/first_process.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STATUS(nspid, blocked, ignored, caught)                                                                     \
	"Name:\tNSpid: 1\nPid:\t700\nNSpid:\t" nspid "\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t" blocked \
	"\nSigIgn:\t" ignored "\nSigCgt:\t" caught "\nCapInh:\t0000000000000000\n"
#define NOTHING "0000000000000000"
#define TERM_BIT "0000000000004000"

static void test_spared(void **state _unused_)
{
	assert_true(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, NOTHING), SIGTERM));
	assert_true(first_process_is_spared_by(STATUS("700\t30\t1", NOTHING, NOTHING, NOTHING), SIGTERM));
	assert_true(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, TERM_BIT), SIGINT));
	assert_true(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, NOTHING), 64));
}

static void test_not_spared(void **state _unused_)
{
	/* In the host's namespace, or not the first. */
	assert_false(first_process_is_spared_by(STATUS("1", NOTHING, NOTHING, NOTHING), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700", NOTHING, NOTHING, NOTHING), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700\t2", NOTHING, NOTHING, NOTHING), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700\t1", TERM_BIT, NOTHING, NOTHING), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, TERM_BIT, NOTHING), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, TERM_BIT), SIGTERM));
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, "8000000000000000"), 64));
	/* Those that end nothing, and the two that always arrive. */
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, NOTHING), SIGWINCH));
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, NOTHING), SIGKILL));
	assert_false(first_process_is_spared_by(STATUS("700\t1", NOTHING, NOTHING, NOTHING), 0));
	assert_false(first_process_is_spared_by("", SIGTERM));
}

static void test_this_process(void **state _unused_)
{
	assert_false(first_process_is_spared(getpid(), SIGKILL));
	assert_false(first_process_is_spared(0x7ffffff0, SIGTERM));
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_spared), cmocka_unit_test(test_not_spared),
						   cmocka_unit_test(test_this_process) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
