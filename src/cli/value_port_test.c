/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_port.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void test_ports(void **state _unused_)
{
	/* What comes of them, an entry "IP HOST-PORT PORT PROTOCOL" each. */
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "80", "- - 80 tcp;" },
		{ "80/udp", "- - 80 udp;" },
		{ "8080:80", "- 8080 80 tcp;" },
		{ ":80", "- - 80 tcp;" },
		{ "127.0.0.1:8080:80/sctp", "127.0.0.1 8080 80 sctp;" },
		{ "127.0.0.1::80", "127.0.0.1 - 80 tcp;" },
		{ "[::1]:8080:80", "::1 8080 80 tcp;" },
		{ "[::]::80/udp", ":: - 80 udp;" },
		{ "80-81", "- - 80-81 tcp;" },
		{ "8000-8001:80-81", "- 8000-8001 80-81 tcp;" },
		{ "8000-8010:80", "- 8000-8010 80 tcp;" },
		{ "65535:65535", "- 65535 65535 tcp;" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf got = BUF_INIT;
		struct value_ports ports = { 0 };
		struct error err = ERROR_INIT;

		if (value_port_add(arena, cases[i].text, &ports, &err) < 0)
			fail_msg("'%s': %s", cases[i].text, err.message);
		for (size_t k = 0; k < ports.count; k++)
			buf_printf(&got, "%s %s %s %s;", or_none(ports.items[k].host_ip), or_none(ports.items[k].host_port), ports.items[k].port,
				   ports.items[k].protocol);
		assert_string_equal(got.data, cases[i].expected);
	}
}

static void test_wrong_ports(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "expected a port from 1 to 65535, not ''" },
		{ "http", "expected a port from 1 to 65535, not 'http'" },
		{ "0", "expected a port from 1 to 65535, not '0'" },
		{ "80:65536", "expected a port from 1 to 65535, not '65536'" },
		{ "80:", "expected a port from 1 to 65535, not ''" },
		{ "80-", "expected a port from 1 to 65535, not ''" },
		{ "90-80", "the range '90-80' ends before it begins" },
		{ "8000-8002:80-81", "the ranges '8000-8002' and '80-81' are not of the same length" },
		{ "8000:80-81", "the ranges '8000' and '80-81' are not of the same length" },
		{ "80/tpc", "expected one of tcp, udp, sctp" },
		{ "localhost:80:80", "expected an address of the host, not 'localhost'" },
		{ "::1:80:80", "expected an address of the host, not ''" },
		{ "[::1:80:80", "expected [ADDRESS]:PORT" },
		{ "[::1]80:80", "expected [ADDRESS]:PORT" },
		{ "1.2.3.4:5:6:7", "expected a port from 1 to 65535, not '5:6'" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value_ports ports = { 0 };
		struct error err = ERROR_INIT;

		if (value_port_add(arena, cases[i].text, &ports, &err) == 0)
			fail_msg("'%s' was taken", cases[i].text);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(ports.count, 0);
	}
}

static void test_exposed(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct value_strings set = { 0 };

	assert_int_equal(value_expose_add(arena, "80", &set, NULL), 0);
	assert_int_equal(value_expose_add(arena, "79-81/tcp", &set, NULL), 0);
	assert_int_equal(value_expose_add(arena, "53/udp", &set, NULL), 0);
	assert_int_equal(set.count, 4);
	assert_string_equal(set.items[0], "80/tcp");
	assert_string_equal(set.items[1], "79/tcp");
	assert_string_equal(set.items[3], "53/udp");
	assert_true(value_expose_add(arena, "80:80", &set, NULL) < 0);
	assert_int_equal(set.count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_wrong_ports),
		cmocka_unit_test(test_exposed),
	};

	return cmocka_run_group_tests_name("cli/value_port", tests, NULL, NULL);
}
