/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/id_range.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char run_root[] = "/tmp/bivy-ids-XXXXXX";
static const struct directories directories = { .run_root = run_root };

static int make_directory(void **state _unused_)
{
	return mkdtemp(run_root) ? 0 : -1;
}

static int remove_directory(void **state _unused_)
{
	char path[64];

	snprintf(path, sizeof path, "%s/ids", run_root);
	return unlink(path) < 0 || rmdir(run_root) < 0 ? -1 : 0;
}

static void test_ranges_differ(void **state _unused_)
{
	uint32_t bases[64];
	int fds[64];

	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(id_range_take(&directories, 1, &bases[i], &fds[i], NULL), 0);
		assert_true(bases[i] >= ID_RANGE_FIRST && bases[i] % ID_RANGE_SIZE == 0);
		for (size_t n = 0; n < i; n++)
			assert_int_not_equal(bases[i], bases[n]);
	}
	for (size_t i = 0; i < 64; i++)
		close(fds[i]);
}

/* What is somebody's stays so until the last descriptor is closed; then it can be had again. */
static void test_all_taken(void **state _unused_)
{
	struct error err = ERROR_INIT;
	uint32_t base = 0, other = 0;
	int fd = -EBADF, copy, second = -EBADF;

	assert_int_equal(id_range_take(&directories, ID_RANGE_COUNT * (uint64_t)ID_RANGE_SIZE - 1, &base, &fd, &err), 0);
	assert_int_equal(base, ID_RANGE_FIRST);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	assert_int_equal(id_range_take(&directories, ID_RANGE_SIZE, &other, &second, &err), -EAGAIN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_string_equal(err.message, "no range of 65536 ids is left for the container");
	assert_int_equal(second, -EBADF);
	close(copy);
	assert_int_equal(id_range_take(&directories, ID_RANGE_SIZE, &other, &second, &err), 0);
	close(second);
}

/* What two share is free when both are gone, whoever goes first. */
static void test_shared(void **state _unused_)
{
	const uint32_t half = ID_RANGE_COUNT / 2 * ID_RANGE_SIZE;
	struct error err = ERROR_INIT;
	uint32_t first = 0, second = 0, third = 0;
	int first_fd = -EBADF, second_fd = -EBADF, third_fd = -EBADF, shared_fd = -EBADF;

	/* As long as the whole is somebody's, nobody else gets anything. */
	assert_int_equal(id_range_take(&directories, ID_RANGE_COUNT * ID_RANGE_SIZE, &first, &first_fd, &err), 0);
	assert_int_equal(id_range_share(&directories, ID_RANGE_FIRST + half, half, &shared_fd, &err), 0);
	close(first_fd);
	/* The first half is free, the second is not. */
	assert_int_equal(id_range_take(&directories, half, &second, &second_fd, &err), 0);
	assert_int_equal(second, ID_RANGE_FIRST);
	assert_int_equal(id_range_take(&directories, 1, &third, &third_fd, &err), -EAGAIN);
	close(shared_fd);
	assert_int_equal(id_range_take(&directories, half, &third, &third_fd, &err), 0);
	assert_int_equal(third, ID_RANGE_FIRST + half);
	close(second_fd);
	close(third_fd);
}

static void test_refused(void **state _unused_)
{
	struct error err = ERROR_INIT;
	uint32_t base = 0;
	int fd = -EBADF;

	assert_int_equal(id_range_take(&directories, UINT32_MAX, &base, &fd, &err), -EINVAL);
	assert_int_equal(id_range_take(&directories, 0, &base, &fd, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranges_differ), cmocka_unit_test(test_all_taken), cmocka_unit_test(test_shared),
					    cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
