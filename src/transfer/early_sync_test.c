/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/early_sync.h"

#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* In place of the kernel's: tells of each call, and comes back when it may. */
static sem_t begun, may_end;
static int synced_fd;

int syncfs(int fd)
{
	synced_fd = fd;
	sem_post(&begun);
	sem_wait(&may_end);
	return 0;
}

static bool is_begun(void)
{
	return sem_trywait(&begun) == 0;
}

static int set_up(void **state _unused_)
{
	return sem_init(&begun, 0, 0) < 0 || sem_init(&may_end, 0, 0) < 0 ? -1 : 0;
}

static void test_little_waits_for_the_end(void **state _unused_)
{
	struct early_sync *early = early_sync_new(AT_FDCWD);

	early_sync_add(early, EARLY_SYNC_STEP_BYTES - 1);
	early_sync_free(early);
	assert_false(is_begun());
}

/* What is added while one sync goes on waits for nothing, and counts for the next. */
static void test_each_step_is_synced(void **state _unused_)
{
	struct early_sync *early = early_sync_new(AT_FDCWD);

	early_sync_add(early, EARLY_SYNC_STEP_BYTES - 1);
	early_sync_add(early, 1);
	assert_int_equal(sem_wait(&begun), 0);
	assert_true(synced_fd >= 0 && synced_fd != AT_FDCWD);
	early_sync_add(early, EARLY_SYNC_STEP_BYTES / 2);
	early_sync_add(early, EARLY_SYNC_STEP_BYTES / 2);
	assert_false(is_begun());
	sem_post(&may_end);
	assert_int_equal(sem_wait(&begun), 0);
	sem_post(&may_end);
	early_sync_add(early, EARLY_SYNC_STEP_BYTES / 2);
	early_sync_free(early);
	assert_false(is_begun());
	assert_int_equal(fcntl(synced_fd, F_GETFD), -1);
}

static void test_without_a_directory_nothing_is_done(void **state _unused_)
{
	struct early_sync *early = early_sync_new(-EBADF);

	early_sync_add(early, EARLY_SYNC_STEP_BYTES);
	early_sync_free(early);
	early_sync_add(NULL, 1);
	early_sync_free(NULL);
	assert_false(is_begun());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_little_waits_for_the_end, set_up),
		cmocka_unit_test_setup(test_each_step_is_synced, set_up),
		cmocka_unit_test_setup(test_without_a_directory_nothing_is_done, set_up),
	};

	return cmocka_run_group_tests_name("early_sync", tests, NULL, NULL);
}
