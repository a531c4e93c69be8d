/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lock_table.h"

#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

static void test_lines(void **state _unused_)
{
	static const char text[] = "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF\n"
				   "1: -> FLOCK  ADVISORY  READ  77 fe:01:5678 0 EOF\n"
				   "nothing\n2: POSIX\n\n"
				   "3: OFDLCK ADVISORY  READ  -1 00:1b:18446744073709551615 0 4";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lock_table table = lock_table_parse(arena, text, strlen(text));

	assert_int_equal(table.count, 3);
	assert_true(!table.entries[0].is_waiting && table.entries[0].is_whole && table.entries[0].is_exclusive);
	assert_int_equal(table.entries[0].pid, 1234);
	assert_int_equal(table.entries[0].major, 0xfe);
	assert_int_equal(table.entries[0].minor, 1);
	assert_int_equal(table.entries[0].inode, 5678);
	assert_true(table.entries[1].is_waiting && table.entries[1].is_whole && !table.entries[1].is_exclusive);
	assert_int_equal(table.entries[1].pid, 77);
	assert_true(!table.entries[2].is_whole && table.entries[2].pid == -1 && table.entries[2].inode == UINT64_MAX);
}

/* The kernel's own words for a lock of ours. */
static void test_own_lock(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct lock_table table;
	struct stat status;
	bool is_found = false;

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(file_read_at(AT_FDCWD, "/proc/locks", 16u << 20, &text), 0);
	table = lock_table_parse(arena, text.data, text.length);
	for (size_t i = 0; i < table.count; i++) {
		const struct lock_table_entry *entry = &table.entries[i];

		is_found |= entry->inode == status.st_ino && entry->pid == getpid() && entry->is_whole && entry->is_exclusive && !entry->is_waiting;
	}
	assert_true(is_found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_own_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
