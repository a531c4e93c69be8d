/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/tasks.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

struct scene {
	atomic_int done[100];
	atomic_int running, most, cancelled;
	size_t failing;
	pthread_barrier_t meeting;
};

static int count_one(void *context, size_t index, struct error *err _unused_)
{
	struct scene *scene = context;
	int running = atomic_fetch_add(&scene->running, 1) + 1, most = atomic_load(&scene->most);

	while (running > most && !atomic_compare_exchange_weak(&scene->most, &most, running))
		continue;
	atomic_fetch_add(&scene->done[index], 1);
	usleep(200);
	atomic_fetch_sub(&scene->running, 1);
	return 0;
}

/* Each is done once, and never more at a time than allowed. */
static void test_all_are_done(void **state _unused_)
{
	for (unsigned at_once = 1; at_once < 6; at_once += 2) {
		struct scene scene = { .failing = SIZE_MAX };
		struct tasks tasks = { .count = 100, .at_once = at_once, .run = count_one, .context = &scene };

		assert_int_equal(tasks_run(&tasks, NULL), 0);
		for (size_t i = 0; i < 100; i++)
			assert_int_equal(scene.done[i], 1);
		assert_in_range(scene.most, 1, at_once);
	}
}

/* Comes back only if another is running at the same time. */
static int meet(void *context, size_t index _unused_, struct error *err _unused_)
{
	pthread_barrier_wait(&((struct scene *)context)->meeting);
	return 0;
}

static void test_at_once(void **state _unused_)
{
	struct scene scene = { .failing = SIZE_MAX };
	struct tasks tasks = { .count = 6, .at_once = 3, .run = meet, .context = &scene };

	pthread_barrier_init(&scene.meeting, NULL, 3);
	assert_int_equal(tasks_run(&tasks, NULL), 0);
	pthread_barrier_destroy(&scene.meeting);
}

static void cancel(void *context)
{
	atomic_fetch_add(&((struct scene *)context)->cancelled, 1);
}

/* The failing one fails; all others wait until they are told to give up. */
static int fail_or_wait(void *context, size_t index, struct error *err)
{
	struct scene *scene = context;

	atomic_fetch_add(&scene->done[index], 1);
	if (index == scene->failing)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no %zu", index);
	while (!scene->cancelled)
		usleep(100);
	return error_errno(err, ECANCELED, "the others");
}

static void test_the_first_failure_is_the_result(void **state _unused_)
{
	struct scene scene = { .failing = 2 };
	struct tasks tasks = { .count = 100, .at_once = 3, .run = fail_or_wait, .cancel = cancel, .context = &scene };
	struct error err = ERROR_INIT;

	assert_int_equal(tasks_run(&tasks, &err), -ENOENT);
	assert_string_equal(err.message, "no 2: no such file or directory");
	assert_int_equal(scene.cancelled, 1);
	assert_int_equal(scene.done[3], 0);
}

static void test_none(void **state _unused_)
{
	struct tasks tasks = { .count = 0, .at_once = 3, .run = meet };

	assert_int_equal(tasks_run(&tasks, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_done),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_the_first_failure_is_the_result),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
