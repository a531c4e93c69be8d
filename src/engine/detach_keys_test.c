/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_parse(void **state _unused_)
{
	static const struct {
		const char *text, *bytes;
		size_t length;
	} good[] = {
		{ NULL, "\x10\x11", 2 },
		{ "", "", 0 },
		{ "ctrl-a", "\x01", 1 },
		{ "a,b,ctrl-z", "ab\x1a", 3 },
		{ "ctrl-@,x", "\0x", 2 },
		{ "ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\x1b\x1c\x1d\x1e\x1f", 5 },
	};
	static const char *const bad[] = { "ctrl-", "ctrl-1", "ab", ",", "a,", ",a", "ctrl-A", "a,,b", "ctrl-a,ctrl", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a" };
	struct detach_keys keys;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(detach_keys_parse(good[i].text, &keys, &err), 0);
		assert_int_equal(keys.length, good[i].length);
		assert_memory_equal(keys.sequence, good[i].bytes, good[i].length);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(detach_keys_parse(bad[i], &keys, &err), -EINVAL);
	assert_int_equal(detach_keys_parse("ctrl-1", &keys, &err), -EINVAL);
	assert_string_equal(err.message, "cannot use the detach keys 'ctrl-1': expected characters or ctrl-X, parted by commas");
}

/* What comes out when TYPED is typed in pieces of SIZE. */
static bool type(const char *keys_text, const char *typed, size_t size, struct buf *out)
{
	struct detach_keys keys;
	size_t length = strlen(typed);

	assert_int_equal(detach_keys_parse(keys_text, &keys, NULL), 0);
	for (size_t at = 0; at < length; at += size)
		if (detach_keys_filter(&keys, typed + at, length - at < size ? length - at : size, out))
			return true;
	detach_keys_flush(&keys, out);
	return false;
}

static void test_filter(void **state _unused_)
{
	static const struct {
		const char *keys, *typed, *passed;
		bool detached;
	} cases[] = {
		{ NULL, "ls\r", "ls\r", false },
		{ NULL, "ls\x10\x11rest", "ls", true },
		{ NULL, "\x10\x10\x11", "\x10", true },
		{ NULL, "\x10x\x11", "\x10x\x11", false },
		{ NULL, "a\x10", "a\x10", false },
		{ "", "\x10\x11", "\x10\x11", false },
		{ "a", "xya", "xy", true },
		{ "a,a,b", "aaab", "a", true },
		{ "a,b,a,b,c", "abababc", "ab", true },
		{ "a,b,a,c", "abab", "abab", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t size = 1; size < 9; size++) {
			_cleanup_buf_ struct buf out = BUF_INIT;

			assert_int_equal(type(cases[i].keys, cases[i].typed, size, &out), cases[i].detached);
			assert_string_equal(out.data ? out.data : "", cases[i].passed);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
