/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/agent_filter.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* All requests there are (RFC draft, 7.1), in any parts that they may come in. */
static void test_messages(void **state _unused_)
{
	static const char said[] = "\0\0\0\1\x0b"         /* keys? */
				   "\0\0\0\3\x11" "ab"    /* one is added */
				   "\0\0\0\5\x0d" "data"  /* sign */
				   "\0\0\0\0"             /* nothing */
				   "\0\0\0\2\x14/"        /* the library of a token */
				   "\0\0\0\1\x16"         /* a lock */
				   "\0\0\0\4\x1b" "ext"
				   "\0\0\0\1\x13\0\0\1\0\x1a";
	static const char passed[] = "\0\0\0\1\x0b"
				     "\0\0\0\3\0" "ab"
				     "\0\0\0\5\x0d" "data"
				     "\0\0\0\0"
				     "\0\0\0\2\0/"
				     "\0\0\0\1\0"
				     "\0\0\0\4\x1b" "ext"
				     "\0\0\0\1\0\0\0\1\0\0";

	for (size_t part = 1; part < sizeof said; part++) {
		struct agent_filter filter = { 0 };
		char text[sizeof said];

		memcpy(text, said, sizeof said);
		for (size_t i = 0; i < sizeof said - 1; i += part)
			agent_filter_pass(&filter, text + i, part < sizeof said - 1 - i ? part : sizeof said - 1 - i);
		assert_memory_equal(text, passed, sizeof said);
	}
}

static void test_types(void **state _unused_)
{
	for (int type = 0; type < 256; type++) {
		struct agent_filter filter = { 0 };
		char text[] = { 0, 0, 0, 1, (char)type };

		agent_filter_pass(&filter, text, sizeof text);
		assert_int_equal((unsigned char)text[4], type == 11 || type == 13 || type == 27 ? type : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
