/* SPDX-License-Identifier: Apache-2.0 */
#include "host/caps.h"

#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#define CHOWN (1ULL << 0)
#define KILL_OTHERS (1ULL << 5)
#define SETPCAP (1ULL << 8)
#define SYS_CHROOT (1ULL << 18)

/* The kernel's own words about us: "CapEff" and the like. */
static uint64_t status_set(const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *line;
	uint64_t set;

	if (file_read_at(AT_FDCWD, "/proc/thread-self/status", 1 << 16, &text) < 0)
		return UINT64_MAX;
	line = strstr(text.data, name);
	if (!line)
		return UINT64_MAX;
	line += strlen(name) + 2;
	line[16] = '\0';
	return str_to_u64(line, 16, &set) < 0 ? UINT64_MAX : set;
}

/* Sets are given up for good, so each case is a process; it returns the number of the check that failed. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define CHECK(condition)         \
	do {                     \
		if (!(condition)) \
			return __LINE__ % 251 + 1; \
	} while (0)

static void skip_without(uint64_t needed, const char *words)
{
	uint64_t permitted = 0;

	assert_int_equal(caps_get_permitted(&permitted), 0);
	if ((permitted & needed) != needed) {
		print_message("missing: %s\n", words);
		skip();
	}
}

static void test_all(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint64_t last;

	(void)state;
	assert_int_equal(file_read_at(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 16, &text), 0);
	assert_int_equal(str_to_u64(str_trim_end(text.data), 10, &last), 0);
	assert_int_equal(caps_all(), UINT64_MAX >> (63 - last));
}

static void test_get(void **state)
{
	uint64_t effective, permitted, inheritable, again;

	(void)state;
	assert_int_equal(caps_get(&effective, &permitted, &inheritable), 0);
	assert_int_equal(effective, status_set("CapEff"));
	assert_int_equal(permitted, status_set("CapPrm"));
	assert_int_equal(inheritable, status_set("CapInh"));
	assert_int_equal(caps_get_permitted(&again), 0);
	assert_int_equal(again, permitted);
}

static int set_sets(void)
{
	CHECK(caps_set(CHOWN, CHOWN | KILL_OTHERS, KILL_OTHERS) == 0);
	CHECK(status_set("CapEff") == CHOWN);
	CHECK(status_set("CapPrm") == (CHOWN | KILL_OTHERS));
	CHECK(status_set("CapInh") == KILL_OTHERS);
	/* What was given up does not come back; what is not permitted is not effective. */
	CHECK(caps_set(CHOWN, CHOWN | KILL_OTHERS | SYS_CHROOT, 0) == -EPERM);
	CHECK(caps_set(CHOWN, KILL_OTHERS, 0) == -EPERM);
	CHECK(caps_set(0, 0, 0) == 0);
	CHECK(status_set("CapPrm") == 0);
	return 0;
}

static void test_set(void **state)
{
	(void)state;
	skip_without(CHOWN | KILL_OTHERS | SETPCAP, "capabilities to give up");
	assert_int_equal(in_child(set_sets), 0);
}

/* The upper word too: CAP_CHECKPOINT_RESTORE is number 40. */
static int set_high(void)
{
	uint64_t high = 1ULL << 40;

	CHECK(caps_set(high, high, high) == 0);
	CHECK(status_set("CapEff") == high);
	CHECK(status_set("CapInh") == high);
	return 0;
}

static void test_high(void **state)
{
	(void)state;
	skip_without(1ULL << 40, "CAP_CHECKPOINT_RESTORE");
	assert_int_equal(in_child(set_high), 0);
}

static int drop_bounding(void)
{
	uint64_t had = status_set("CapBnd");

	CHECK(caps_drop_bounding(had) == 0);
	CHECK(status_set("CapBnd") == had);
	CHECK(caps_drop_bounding(CHOWN | 1ULL << 63) == 0);
	CHECK(status_set("CapBnd") == (had & CHOWN));
	/* With nothing left to drop no capability is needed. */
	CHECK(caps_set(0, 0, 0) == 0);
	CHECK(caps_drop_bounding(CHOWN) == 0);
	CHECK((had & CHOWN) == 0 || caps_drop_bounding(0) == -EPERM);
	return 0;
}

static void test_bounding(void **state)
{
	(void)state;
	skip_without(SETPCAP, "CAP_SETPCAP");
	assert_int_equal(in_child(drop_bounding), 0);
}

static int set_ambient(void)
{
	uint64_t both = CHOWN | KILL_OTHERS;

	CHECK(caps_set(both, both, CHOWN) == 0);
	CHECK(caps_set_ambient(CHOWN) == 0);
	CHECK(status_set("CapAmb") == CHOWN);
	/* Only what is inheritable as well; what was ambient before is gone. */
	CHECK(caps_set_ambient(KILL_OTHERS) == -EPERM);
	CHECK(caps_set(both, both, both) == 0);
	CHECK(caps_set_ambient(KILL_OTHERS) == 0);
	CHECK(status_set("CapAmb") == KILL_OTHERS);
	CHECK(caps_set_ambient(0) == 0);
	CHECK(status_set("CapAmb") == 0);
	return 0;
}

static void test_ambient(void **state)
{
	(void)state;
	skip_without(CHOWN | KILL_OTHERS | SETPCAP, "capabilities to give up");
	assert_int_equal(in_child(set_ambient), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_high),
		cmocka_unit_test(test_bounding),
		cmocka_unit_test(test_ambient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
