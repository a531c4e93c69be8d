/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/capabilities.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DEFAULT UINT64_C(0x800405fb)
#define KNOWN UINT64_C(0x1ffffffffff)
#define NET_RAW (UINT64_C(1) << 13)
#define CHOWN UINT64_C(1)

static char all[] = "ALL", chown_[] = "chown", net_raw[] = "CAP_net_raw", chwn[] = "CHWN", resource[] = "sys_resource";

static void test_decided(void **state _unused_)
{
	static const struct {
		char *add[2], *drop[2];
		uint64_t set, added;
	} cases[] = {
		{ { NULL }, { NULL }, DEFAULT, 0 },
		{ { net_raw, NULL }, { chown_, NULL }, (DEFAULT | NET_RAW) & ~CHOWN, NET_RAW },
		{ { all, NULL }, { NULL }, KNOWN, KNOWN },
		{ { all, NULL }, { net_raw, NULL }, KNOWN & ~NET_RAW, KNOWN & ~NET_RAW },
		{ { NULL }, { all, NULL }, 0, 0 },
		{ { chown_, NULL }, { all, NULL }, CHOWN, CHOWN },
		{ { chown_, NULL }, { chown_, NULL }, DEFAULT, CHOWN },
	};

	assert_true(capabilities_default() == DEFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t set = 0, added = 0;

		assert_int_equal(capabilities_decide(cases[i].add, cases[i].drop, KNOWN, &set, &added, NULL), 0);
		assert_true(set == cases[i].set);
		assert_true(added == cases[i].added);
	}
}

static void test_refused(void **state _unused_)
{
	struct error err = ERROR_INIT;
	uint64_t set = 5;

	assert_int_equal(capabilities_decide((char *[]){ chwn, NULL }, NULL, KNOWN, &set, NULL, &err), -EINVAL);
	assert_string_equal(err.message, "--cap-add: 'CHWN' is no capability");
	assert_string_equal(err.hint, "did you mean CAP_CHOWN?");
	assert_int_equal(capabilities_decide(NULL, (char *[]){ chwn, NULL }, KNOWN, &set, NULL, &err), -EINVAL);
	assert_string_equal(err.message, "--cap-drop: 'CHWN' is no capability");
	assert_int_equal(capabilities_decide((char *[]){ resource, NULL }, NULL, DEFAULT, &set, NULL, &err), -EPERM);
	assert_string_equal(err.message, "--cap-add: cannot give CAP_SYS_RESOURCE: operation not permitted");
	assert_int_equal(capabilities_decide(NULL, (char *[]){ resource, NULL }, DEFAULT, &set, NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decided), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
