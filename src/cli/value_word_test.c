/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_word.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static int make_arena(void **state _unused_)
{
	arena = arena_new();
	return 0;
}

static int free_arena(void **state _unused_)
{
	arena_free(arena);
	return 0;
}

static void test_restart(void **state _unused_)
{
	static const struct {
		const char *text, *policy;
		int64_t maximum;
		const char *message;
	} cases[] = {
		{ "no", "no", 0, NULL }, { "always", "always", 0, NULL }, { "on-failure", "on-failure", 0, NULL }, { "on-failure:5", "on-failure", 5, NULL },
		{ "on-failure:", NULL, 0, "expected on-failure:TIMES with a number, not ''" },
		{ "on-failure:-1", NULL, 0, "expected on-failure:TIMES with a number, not '-1'" },
		{ "always:3", NULL, 0, "only on-failure has a number of times" },
		{ "allways", NULL, 0, "expected one of no, always, unless-stopped, on-failure" },
		{ "", NULL, 0, "expected one of no, always, unless-stopped, on-failure" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		char *policy = NULL;
		int64_t maximum = 0;

		assert_int_equal(value_restart_parse(arena, cases[i].text, &policy, &maximum, &err) < 0, cases[i].message != NULL);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
		assert_true(str_equal(policy, cases[i].policy) && maximum == cases[i].maximum);
	}
}

typedef int check_function(const char *text, struct error *err);

static void assert_checks(check_function *check, const char *const *right, const char *const *wrong, const char *message)
{
	for (; *right; right++)
		if (check(*right, NULL) < 0)
			fail_msg("'%s' was refused", *right);
	for (; *wrong; wrong++) {
		struct error err = ERROR_INIT;

		if (check(*wrong, &err) == 0)
			fail_msg("'%s' was taken", *wrong);
		assert_string_equal(err.message, message);
	}
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int check_pid(const char *text, struct error *err)
{
	return value_namespace_check(text, WORDS("host", "private"), err);
}

static void test_namespaces(void **state _unused_)
{
	assert_checks(check_pid, WORDS("host", "private", "container:web", "ns:/proc/1/ns/pid"), WORDS("hots", "", "web"),
		"expected container:NAME, ns:PATH, or another: expected one of host, private");
	assert_checks(check_pid, WORDS("host"), WORDS("container:"), "expected container:NAME");
	assert_checks(check_pid, WORDS("host"), WORDS("ns:", "ns:x"), "expected ns:PATH with an absolute path");
	assert_checks(value_user_namespace_check, WORDS("auto", "auto:size=5", "host", "keep-id", "keep-id:uid=5", "nomap", "container:x", "ns:/x"),
		WORDS("auto:", "keep-id:"), "there is nothing behind the colon");
	assert_checks(value_user_namespace_check, WORDS("private"), WORDS("atuo", "host:x", "1000", ""),
		"expected container:NAME, ns:PATH, or another: expected one of auto, host, keep-id, nomap, private");
	assert_checks(value_id_map_check, WORDS("0:100000", "0:100000:65536"), WORDS("", "0", "0:1:0", "0:1:2:3", "a:1", "0:-1", "0:4294967296", "0::1", ":"),
		"expected INSIDE:OUTSIDE[:SIZE], numbers");
	assert_checks(value_time_offset_check, WORDS("monotonic=5", "boottime=-5", "boottime=-0.5", "monotonic=1.25"),
		WORDS("", "monotonic", "monotonic=1.", "monotonic=.5", "monotonic=1.x", "monotonic=1.5.5", "monotonic=", "monotonic=x", "realtime=5", "m=5"),
		"expected monotonic=SECONDS or boottime=SECONDS");
}

static void test_capabilities(void **state _unused_)
{
	struct error err = ERROR_INIT;

	assert_checks(value_capability_check, WORDS("net_admin", "CAP_NET_ADMIN", "cap_Chown", "ALL", "all"), WORDS("", "net", "CAP_", "CAP_CAP_CHOWN"),
		"expected a capability of capabilities(7), or ALL");
	assert_true(value_capability_check("net_admn", &err) < 0);
	assert_string_equal(err.hint, "did you mean 'NET_ADMIN'?");
}

static void test_security_options(void **state _unused_)
{
	static const struct {
		const char *text, *expected, *message;
	} cases[] = {
		{ "seccomp=unconfined", "seccomp=unconfined", NULL },
		{ "seccomp:unconfined", "seccomp=unconfined", NULL },
		{ "seccomp=./p.json", "seccomp=/here/p.json", NULL },
		{ "seccomp=/a:b", "seccomp=/a:b", NULL },
		{ "no-new-privileges", "no-new-privileges", NULL },
		{ "no-new-privileges:true", "no-new-privileges", NULL },
		{ "no-new-privileges=false", NULL, NULL },
		{ "systempaths=unconfined", "systempaths=unconfined", NULL },
		{ "label:disable", "label=disable", NULL },
		{ "label=level:s0:c1", "label=level:s0:c1", NULL },
		{ "unmask=ALL", "unmask=ALL", NULL },
		{ "seccomp", NULL, "expected seccomp=VALUE" },
		{ "seccomp=", NULL, "expected seccomp=VALUE" },
		{ "systempaths=x", NULL, "expected systempaths=unconfined" },
		{ "no-new-privileges=maybe", NULL, "expected true or false, not 'maybe'" },
		{ "selinux=x", NULL, "expected one of apparmor, label, mask, no-new-privileges, proc-opts, seccomp, systempaths, unmask" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		char *option = NULL;

		assert_int_equal(value_security_option_parse(arena, cases[i].text, "/here", &option, &err) < 0, cases[i].message != NULL);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
		assert_true(str_equal(option, cases[i].expected));
	}
}

static void test_hosts(void **state _unused_)
{
	static const struct {
		const char *text, *expected, *message;
	} cases[] = {
		{ "db:10.0.0.1", "db:10.0.0.1", NULL }, { "db=10.0.0.1", "db:10.0.0.1", NULL }, { "db:::1", "db:::1", NULL }, { "db:[::1]", "db:::1", NULL },
		{ "db:host-gateway", "db:host-gateway", NULL }, { "db", NULL, "expected NAME:IP" }, { ":1.2.3.4", NULL, "expected NAME:IP" },
		{ "db:", NULL, "expected NAME:IP" }, { "db:x", NULL, "expected an IP address behind the name, not 'x'" },
		{ "a b:1.2.3.4", NULL, "'a b' is no name of a host" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		char *host = NULL;

		assert_int_equal(value_host_parse(arena, cases[i].text, &host, &err) < 0, cases[i].message != NULL);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
		assert_true(str_equal(host, cases[i].expected));
	}
	assert_checks(value_address_check, WORDS("1.2.3.4", "::1"), WORDS("", "1.2.3", "x", "1.2.3.4 "), "expected an IP address");
	assert_checks(value_host_name_check, WORDS("a", "web-1.example.com"), WORDS("", "-a", "a-", "a b", "a/b", "\xc3\xa4"),
		"expected a host name of letters, digits, '-' and '.'");
	assert_checks(value_host_name_check, WORDS("a123456789012345678901234567890123456789012345678901234567890123"),
		WORDS("a1234567890123456789012345678901234567890123456789012345678901234"), "it is longer than 64 bytes");
}

static int check_umask(const char *text, struct error *err)
{
	uint32_t mask;

	return value_umask_parse(text, &mask, err);
}

static void test_small_ones(void **state _unused_)
{
	assert_checks(check_umask, WORDS("0", "022", "777"), WORDS("", "8", "1777", "-1", "u=rwx"), "expected a mask in octal such as 022");
	assert_checks(value_signal_check, WORDS("TERM", "SIGRTMIN+3", "9"), WORDS("", "0", "TREM", "65"), "expected a signal such as SIGTERM or 15");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_security_options),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_small_ones),
	};

	return cmocka_run_group_tests_name("cli/value_word", tests, make_arena, free_arena);
}
