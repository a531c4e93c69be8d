/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For unit tests of what needs namespaces: the body runs in a child of its own.
 * cmocka's assertions jump out of a test and would go on in the child; CHECK
 * returns from the body instead, and the parent fails.
 */
#ifndef BIVY_HOST_CHILD_TEST_H
#define BIVY_HOST_CHILD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* In a body (a function that returns int, 0 for success). */
#define CHECK(condition)                                                                          \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "# %s:%d: %s (%m)\n", __FILE__, __LINE__, #condition); \
			return 1;                                                                 \
		}                                                                                 \
	} while (0)

/* In a body: this machine lacks what the test needs. */
#define SKIP(missing)                                     \
	do {                                              \
		fprintf(stderr, "# missing: %s\n", missing); \
		return 77;                                \
	} while (0)

/* Runs BODY as root in new namespaces FLAGS (CLONE_NEWNS: all mounts private); skips without the right to. */
static inline void run_in_child(int flags, int (*body)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("# missing: root\n");
		skip();
	}
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(flags) < 0 || ((flags & CLONE_NEWNS) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
			fprintf(stderr, "# missing: the right to make namespaces\n");
			_exit(77);
		}
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The test test_BODY, which does that. */
#define IN_CHILD(body, flags)              \
	static void test_##body(void **state) \
	{                                  \
		(void)state;               \
		run_in_child(flags, body); \
	}

#endif
