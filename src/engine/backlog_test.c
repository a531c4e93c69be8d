/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/backlog.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* What comes out is what went in, over the end of the file and back to its beginning, many times. */
static void test_ring(void **state _unused_)
{
	struct backlog backlog = BACKLOG_INIT;
	static unsigned char in[300007], out[200003];
	uint64_t added = 0, taken = 0;

	backlog.directory = "/var/tmp";
	while (taken < 5 * (uint64_t)BACKLOG_BYTES) {
		ssize_t n;

		for (size_t i = 0; i < sizeof in; i++)
			in[i] = (unsigned char)((added + i) * 2654435761u >> 24);
		if (backlog_has_room(&backlog, sizeof in)) {
			assert_int_equal(backlog_add(&backlog, in, sizeof in), 0);
			added += sizeof in;
		} else {
			assert_int_equal(backlog_add(&backlog, in, sizeof in), -ENOSPC);
		}
		n = backlog_take(&backlog, out, sizeof out);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(out[i], (unsigned char)((taken + (uint64_t)i) * 2654435761u >> 24));
		taken += (uint64_t)n;
		assert_int_equal(backlog.length, added - taken);
	}
	backlog_close(&backlog);
}

static void test_bounds(void **state _unused_)
{
	struct backlog backlog = BACKLOG_INIT;
	char *bytes = memory_new(BACKLOG_BYTES, 1), out[8];
	struct stat status;

	assert_int_equal(backlog_take(&backlog, out, sizeof out), 0);
	assert_false(backlog_has_room(&backlog, 1));
	backlog.directory = "/var/tmp";
	assert_int_equal(backlog_add(&backlog, bytes, BACKLOG_BYTES), 0);
	assert_false(backlog_has_room(&backlog, 1));
	assert_int_equal(backlog_add(&backlog, "x", 1), -ENOSPC);
	backlog_drop(&backlog, 3);
	assert_true(backlog_has_room(&backlog, 3));
	assert_int_equal(backlog_add(&backlog, "end", 3), 0);
	backlog_drop(&backlog, BACKLOG_BYTES - 3);
	assert_int_equal(backlog_take(&backlog, out, sizeof out), 3);
	assert_memory_equal(out, "end", 3);
	/* Empty, it takes no room; and it has no name. */
	assert_int_equal(fstat(backlog.fd, &status), 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(status.st_nlink, 0);
	assert_int_equal(backlog_add(&backlog, "again", 5), 0);
	backlog_drop(&backlog, SIZE_MAX);
	assert_int_equal(backlog_take(&backlog, out, sizeof out), 0);
	backlog_close(&backlog);
	backlog.directory = "/nowhere";
	assert_int_equal(backlog_add(&backlog, "x", 1), -ENOENT);
	assert_int_equal(backlog.length, 0);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
