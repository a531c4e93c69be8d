/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

static void test_modes(void **state _unused_)
{
	static const struct {
		const char *text;
		mode_t mode, wanted;
	} cases[] = {
		{ "755", S_IFREG | 0600, 0755 },
		{ "0644", S_IFDIR | 0755, 0644 },
		{ "4755", S_IFREG, 04755 },
		{ "0", S_IFREG | 0777, 0 },
		{ "u=rwX,go=rX", S_IFREG | 0600, 0644 },
		{ "u=rwX,go=rX", S_IFREG | 0710, 0755 },
		{ "u=rwX,go=rX", S_IFDIR | 0700, 0755 },
		{ "+x", S_IFREG | 0644, 0755 },
		{ "a-w", S_IFREG | 0666, 0444 },
		{ "go-rwx", S_IFREG | 0777, 0700 },
		{ "u+s,g+s", S_IFREG | 0755, 06755 },
		{ "+t", S_IFDIR | 0777, 01777 },
		{ "u=rw", S_IFREG | 01755, 01655 },
		{ "=r", S_IFREG | 07777, 0444 },
		{ "g=u", S_IFREG | 0640, 0660 },
		{ "g=u-w", S_IFREG | 0640, 0640 },
		{ "o=", S_IFREG | 0644, 0640 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mode_t mode = 0;

		assert_int_equal(build_mode_apply(cases[i].text, cases[i].mode, &mode, NULL), 0);
		if (mode != cases[i].wanted)
			fail_msg("'%s' makes %o of %o", cases[i].text, mode, cases[i].mode);
	}
}

static void test_what_is_no_mode(void **state _unused_)
{
	static const char *const cases[] = { "", "8", "0999", "10000", "rwx", "u", "u=rwz", "u=r,", ",u=r", "u=r;g=r", "-1", "+0644", "755 " };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		mode_t mode = 0;

		if (build_mode_apply(cases[i], S_IFREG, &mode, &err) != -EINVAL)
			fail_msg("'%s' is taken for a mode", cases[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_is_no_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
