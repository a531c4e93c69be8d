/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/waiters.h"
#include "base/clock.h"
#include "engine/container_scratch_test.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* A record that has only what waiters ask for. */
static struct container_record record_of(struct arena *arena, const struct directories *directories, char key)
{
	struct spec_container *container = arena_alloc(arena, 1, sizeof *container);

	container->id = scratch_id(arena, key);
	container->name = arena_strdup(arena, "web");
	scratch_put("web", key, NULL);
	return (struct container_record){ .directories = directories, .container = container,
		.path = arena_printf(arena, "%s/containers/%s", directories->root, container->id), .fd = -EBADF };
}

static bool is_gone_after(const void *context)
{
	return clock_monotonic_ms() > *(const int64_t *)context;
}

enum outcome { LET_IN = 1, LEFT = 2, FAILED = 3 };

/* A child that waits, and says by its exit status what came of it; by a byte on SAYS that it can be found. */
static pid_t begin_waiter(const struct container_record *record, int says, int64_t patience_ms, int attaches_ms)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct waiter waiter = WAITER_INIT;
		int64_t end_ms = clock_monotonic_ms() + patience_ms;
		int r = waiter_open(record, &waiter, NULL);

		if (r < 0 || write(says, "x", 1) != 1)
			_exit(FAILED);
		r = waiter_wait(&waiter, record, is_gone_after, &end_ms, NULL);
		poll(NULL, 0, attaches_ms);
		waiter_close(&waiter);
		_exit(r < 0 ? FAILED : r > 0 ? LET_IN : LEFT);
	}
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wait_for_byte(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
}

static void test_let_in(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	struct container_record record = record_of(arena, &directories, 'a');
	int64_t begin_ms;
	int says[2];
	pid_t pids[3];

	assert_int_equal(pipe(says), 0);
	assert_false(waiters_exist(&record));
	waiters_admit(&record);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = begin_waiter(&record, says[1], 20000, 200);
		wait_for_byte(says[0]);
	}
	assert_true(waiters_exist(&record));
	/* Who starts the container goes on when all have attached, which takes each of them a fifth of a second. */
	begin_ms = clock_monotonic_ms();
	waiters_admit(&record);
	assert_true(clock_monotonic_ms() - begin_ms >= 150);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(finish(pids[i]), LET_IN);
	assert_false(waiters_exist(&record));
	close(says[0]);
	close(says[1]);
}

/* One that was killed is not waited for, and nothing of it stays. */
static void test_killed(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	struct container_record record = record_of(arena, &directories, 'b');
	int64_t begin_ms;
	int says[2];
	pid_t killed, other;

	assert_int_equal(pipe(says), 0);
	killed = begin_waiter(&record, says[1], 20000, 0);
	wait_for_byte(says[0]);
	other = begin_waiter(&record, says[1], 20000, 0);
	wait_for_byte(says[0]);
	assert_int_equal(kill(killed, SIGKILL), 0);
	assert_int_equal(finish(killed), -1);
	begin_ms = clock_monotonic_ms();
	waiters_admit(&record);
	assert_true(clock_monotonic_ms() - begin_ms < 2000);
	assert_int_equal(finish(other), LET_IN);
	assert_false(waiters_exist(&record));
	close(says[0]);
	close(says[1]);
}

/* One that takes its time is not waited for forever. */
static void test_slow(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	struct container_record record = record_of(arena, &directories, 'c');
	int64_t begin_ms;
	int says[2];
	pid_t pid;

	assert_int_equal(pipe(says), 0);
	pid = begin_waiter(&record, says[1], 60000, 60000);
	wait_for_byte(says[0]);
	begin_ms = clock_monotonic_ms();
	waiters_admit(&record);
	assert_true(clock_monotonic_ms() - begin_ms >= 2900 && clock_monotonic_ms() - begin_ms < 20000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	finish(pid);
	close(says[0]);
	close(says[1]);
}

static void test_leaving(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	struct container_record record = record_of(arena, &directories, 'd');
	int says[2];
	pid_t pid;

	/* By itself. */
	assert_int_equal(pipe(says), 0);
	assert_int_equal(finish(begin_waiter(&record, says[1], 100, 0)), LEFT);
	assert_false(waiters_exist(&record));
	/* As the container goes. */
	wait_for_byte(says[0]);
	pid = begin_waiter(&record, says[1], 20000, 0);
	wait_for_byte(says[0]);
	shell_run("rm -r containers");
	assert_int_equal(finish(pid), LEFT);
	assert_false(waiters_exist(&record));
	close(says[0]);
	close(says[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_let_in),
		SCRATCH_TEST(test_killed),
		SCRATCH_TEST(test_slow),
		SCRATCH_TEST(test_leaving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
