/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_archive.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool begins(const char *bytes, size_t length)
{
	return build_archive_begins((const unsigned char *)bytes, length);
}

static void test_compressed(void **state _unused_)
{
	assert_true(begins("\x1f\x8b\x08", 3));
	assert_true(begins("BZh9", 4));
	assert_true(begins("\xfd" "7zXZ\0", 6));
	assert_true(begins("\x28\xb5\x2f\xfd", 4));
	assert_false(begins("\x1f", 1));
	assert_false(begins("BZ", 2));
	assert_false(begins("FROM scratch\n", 13));
	assert_false(begins("", 0));
}

/* A header of the oldest form: a name, and the sum of the bytes. */
static void test_tar(void **state _unused_)
{
	char header[512] = "name";
	unsigned sum = 8 * ' ';

	for (size_t i = 0; i < sizeof header; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	assert_true(begins(header, sizeof header));
	assert_false(begins(header, sizeof header - 1));
	header[0]++;
	assert_false(begins(header, sizeof header));
	memset(header, 0, sizeof header);
	assert_false(begins(header, sizeof header));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_tar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
