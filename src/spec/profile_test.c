/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TCP(number) ((struct spec_profile_port){ .port = (number) })
#define UDP(number) ((struct spec_profile_port){ .udp = true, .port = (number) })

static const char whole[] =
	"{\n"
	"  \"format\": 1,\n"
	"  \"runs\": 2,\n"
	"  \"systemCalls\": [\n"
	"    \"bind\",\n"
	"    \"read\"\n"
	"  ],\n"
	"  \"capabilities\": {\n"
	"    \"CAP_CHOWN\": \"calls\",\n"
	"    \"CAP_DAC_OVERRIDE\": \"assumed\",\n"
	"    \"CAP_NET_BIND_SERVICE\": \"kernel\"\n"
	"  },\n"
	"  \"writes\": [\n"
	"    \"/run\",\n"
	"    \"/var/log\"\n"
	"  ],\n"
	"  \"binds\": [\n"
	"    \"tcp:80\",\n"
	"    \"udp:*\"\n"
	"  ],\n"
	"  \"connects\": []\n"
	"}\n";

static struct spec_profile *decode(struct arena *arena, const char *text)
{
	struct spec_profile *profile = NULL;
	struct error err = ERROR_INIT;

	if (spec_profile_decode(arena, "p.json", text, strlen(text), &profile, &err) < 0)
		fail_msg("%s", err.message);
	return profile;
}

static void assert_encoded(const struct spec_profile *profile, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_profile_encode(profile, &text);
	assert_string_equal(text.data, expected);
}

/* In whatever order things were seen, the document is the same. */
static void test_adding(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_profile *profile = spec_profile_new(arena);

	(void)state;
	profile->runs = 2;
	assert_true(spec_profile_add_call(profile, "read"));
	assert_true(spec_profile_add_call(profile, "bind"));
	assert_false(spec_profile_add_call(profile, "read"));
	assert_false(spec_profile_add_call(profile, "Read"));
	assert_false(spec_profile_add_call(profile, ""));
	assert_true(spec_profile_add_capability(profile, 10, SPEC_PROFILE_CALLS_TELL));
	assert_true(spec_profile_add_capability(profile, 10, SPEC_PROFILE_KERNEL));
	assert_false(spec_profile_add_capability(profile, 10, SPEC_PROFILE_ASSUMED));
	assert_false(spec_profile_add_capability(profile, 63, SPEC_PROFILE_KERNEL));
	assert_false(spec_profile_add_capability(profile, 64, SPEC_PROFILE_KERNEL));
	assert_true(spec_profile_add_capability(profile, 1, SPEC_PROFILE_ASSUMED));
	assert_true(spec_profile_add_capability(profile, 0, SPEC_PROFILE_CALLS_TELL));
	assert_true(spec_profile_add_write(profile, "/var/log/a"));
	assert_true(spec_profile_add_write(profile, "/var/log/b"));
	assert_true(spec_profile_add_write(profile, "/run"));
	assert_true(spec_profile_add_write(profile, "/var/log"));
	assert_false(spec_profile_add_write(profile, "/var/log/c"));
	assert_true(spec_profile_add_port(profile, &profile->binds, UDP(53)));
	assert_true(spec_profile_add_port(profile, &profile->binds, TCP(80)));
	assert_true(spec_profile_add_port(profile, &profile->binds, UDP(SPEC_PROFILE_ANY_PORT)));
	assert_false(spec_profile_add_port(profile, &profile->binds, UDP(54)));
	assert_false(spec_profile_add_port(profile, &profile->binds, TCP(70000)));
	assert_encoded(profile, whole);
	assert_encoded(decode(arena, whole), whole);
}

static void test_paths(void **state)
{
	static const char *const refused[] = { "", "a", "/a/", "//a", "/a//b", "/.", "/a/../b", "/a/.", "/.." };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_profile *profile = spec_profile_new(arena);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_false(spec_profile_add_write(profile, refused[i]));
	assert_int_equal(profile->write_count, 0);
	assert_true(spec_profile_add_write(profile, "/a.b"));
	assert_true(spec_profile_add_write(profile, "/..a"));
	assert_true(spec_profile_add_write(profile, "/a"));
	assert_int_equal(profile->write_count, 3);
	assert_true(spec_profile_add_write(profile, "/"));
	assert_int_equal(profile->write_count, 1);
	assert_true(spec_profile_is_beneath("/a/b", "/a"));
	assert_true(spec_profile_is_beneath("/a", "/a"));
	assert_true(spec_profile_is_beneath("/a", "/"));
	assert_false(spec_profile_is_beneath("/ab", "/a"));
	assert_false(spec_profile_is_beneath("/", "/a"));
}

/* What is too much becomes less by what is above it, and the list stays as long as it may be. */
static void test_bounds(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_profile *profile = spec_profile_new(arena);
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 3 * SPEC_PROFILE_WRITES; i++) {
		_cleanup_free_ char *path = str_printf("/data/%u/file", i), *other = str_printf("/%c%u", 'a' + i % 26, i);

		spec_profile_add_write(profile, path);
		assert_true(profile->write_count <= SPEC_PROFILE_WRITES);
		spec_profile_add_port(profile, &profile->connects, TCP((int32_t)i));
		spec_profile_add_port(profile, &profile->connects, UDP(53));
		spec_profile_add_call(profile, other + 1);
	}
	assert_true(profile->write_count < SPEC_PROFILE_WRITES);
	assert_true(spec_profile_is_beneath("/data/5/file", profile->writes[0]));
	assert_string_equal(profile->writes[0], "/data");
	assert_int_equal(profile->connects.count, 2);
	assert_int_equal(profile->connects.list[0].port, SPEC_PROFILE_ANY_PORT);
	assert_int_equal(profile->call_count, SPEC_PROFILE_CALLS);
	for (size_t i = 1; i < profile->call_count; i++)
		assert_true(strcmp(profile->calls[i - 1], profile->calls[i]) < 0);
	spec_profile_encode(profile, &text);
	assert_non_null(decode(arena, text.data));
}

static void test_merge(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_profile *into = decode(arena, "{\"format\":1,\"runs\":1,\"systemCalls\":[\"read\"],\"capabilities\":{\"CAP_KILL\":\"calls\"},"
						  "\"writes\":[\"/a/b\"],\"binds\":[\"tcp:1\"]}");
	const struct spec_profile *from = decode(arena, "{\"format\":1,\"runs\":2,\"systemCalls\":[\"open\",\"read\"],\"capabilities\":"
							"{\"CAP_KILL\":\"kernel\"},\"writes\":[\"/a\"],\"binds\":[\"tcp:2\"],\"connects\":[\"tcp:3\"]}");

	(void)state;
	assert_false(into->connects.is_given);
	spec_profile_merge(into, from);
	assert_encoded(into, "{\n  \"format\": 1,\n  \"runs\": 3,\n  \"systemCalls\": [\n    \"open\",\n    \"read\"\n  ],\n  \"capabilities\": {\n"
			     "    \"CAP_KILL\": \"kernel\"\n  },\n  \"writes\": [\n    \"/a\"\n  ],\n  \"binds\": [\n    \"tcp:1\",\n    \"tcp:2\"\n  ]\n}\n");
	assert_true(spec_profile_has_call(into, "open"));
	assert_false(spec_profile_has_call(into, "write"));
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "[]", "p.json: expected object, found array" },
		{ "{}", "format: missing" },
		{ "{\"format\":2}", "format: expected 1" },
		{ "{\"format\":1,\"runs\":-1}", "runs: -1 is out of range" },
		{ "{\"format\":1,\"systemCalls\":[\"re ad\"]}", "systemCalls[0]: 're ad' is no name of a system call" },
		{ "{\"format\":1,\"capabilities\":{\"CAP_ALL\":\"kernel\"}}", "capabilities.CAP_ALL: there is no such capability" },
		{ "{\"format\":1,\"capabilities\":{\"CAP_KILL\":\"me\"}}", "capabilities.CAP_KILL: 'me' is none of \"kernel\", \"calls\", \"assumed\"" },
		{ "{\"format\":1,\"writes\":[\"a\"]}", "writes[0]: " },
		{ "{\"format\":1,\"writes\":[\"/a/../b\"]}", "writes[0]: expected a path without '.', '..', '//' and a slash at its end" },
		{ "{\"format\":1,\"binds\":[\"80\"]}", "binds[0]: expected tcp:PORT or udp:PORT, not '80'" },
		{ "{\"format\":1,\"connects\":[\"udp:65536\"]}", "connects[0]: '65536' is no port" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_profile *profile = NULL;
		struct error err = ERROR_INIT;

		assert_true(spec_profile_decode(arena, "p.json", cases[i].text, strlen(cases[i].text), &profile, &err) < 0);
		assert_null(profile);
		if (!str_starts_with(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adding),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
