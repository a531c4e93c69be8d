/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_network_hosts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_hosts(const char *before, char *const *addresses, const char *after)
{
	_cleanup_free_ char *text = str_dup(before);
	_cleanup_buf_ struct buf out = BUF_INIT;

	container_network_change_hosts(text, "web", addresses, &out);
	assert_string_equal(out.data ? out.data : "", after);
}

static void test_hosts(void **state)
{
	char *two[] = { (char *)"10.66.3.2/24", (char *)"fd00::2/64", NULL }, *none[] = { NULL };

	(void)state;
	assert_hosts("127.0.0.1\tlocalhost\n10.66.9.9\tweb\n10.66.9.9 web.example web\n# mine\n10.1.1.1\twebsite\n", two,
		     "127.0.0.1\tlocalhost\n# mine\n10.1.1.1\twebsite\n10.66.3.2\tweb\nfd00::2\tweb\n");
	assert_hosts("10.66.9.9\tweb", none, "");
	assert_hosts("", two, "10.66.3.2\tweb\nfd00::2\tweb\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hosts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
