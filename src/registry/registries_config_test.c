/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registries_config.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char sample[] = "{\"registries\":["
			     "{\"prefix\":\"docker.io\",\"mirrors\":[{\"location\":\"m1.example:5000/hub\",\"insecure\":true},"
			     "{\"location\":\"127.0.0.1:5001\",\"digestOnly\":true}]},"
			     "{\"prefix\":\"docker.io/library/debian\",\"location\":\"deb.example/base\"},"
			     "{\"prefix\":\"r.example\",\"insecure\":true},"
			     "{\"prefix\":\"r.example/bad\",\"blocked\":true},"
			     "{\"prefix\":\"*.evil.example\",\"blocked\":true}]}";

static struct registries_config *decode(const char *text)
{
	struct registries_config *config = NULL;
	struct error err = ERROR_INIT;

	if (registries_config_decode("registries.json", text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

/* "host/repository:properties" of each endpoint, or the error. */
static char *resolve(const char *text, const char *host, const char *repository)
{
	_cleanup_registries_config_ struct registries_config *config = decode(text);
	_cleanup_arena_ struct arena *arena = arena_new();
	struct registries_endpoint *list = NULL;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	size_t count = 0;

	if (registries_config_resolve(config, arena, host, repository, &list, &count, &err) < 0) {
		assert_int_equal(err.kind, ERROR_DENIED);
		return str_printf("%s (%s)", err.message, err.hint);
	}
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%s%s/%s:%u", i ? " " : "", list[i].host, list[i].repository ? list[i].repository : "", list[i].properties);
	return buf_take(&out);
}

static void assert_resolves(const char *text, const char *host, const char *repository, const char *expected)
{
	_cleanup_free_ char *found = resolve(text, host, repository);

	assert_string_equal(found, expected);
}

static void test_resolve(void **state)
{
	(void)state;
	assert_resolves("", "docker.io", "library/debian", "docker.io/library/debian:0");
	assert_resolves("{}", "localhost:5000", "a", "localhost:5000/a:2");
	assert_resolves(sample, "docker.io", "library/alpine", "m1.example:5000/hub/library/alpine:5 127.0.0.1:5001/library/alpine:14 docker.io/library/alpine:0");
	assert_resolves(sample, "docker.io", "library/debian", "deb.example/base:0");
	assert_resolves(sample, "docker.io", "library/debian/x", "deb.example/base/x:0");
	assert_resolves(sample, "docker.io", "library/debianx", "m1.example:5000/hub/library/debianx:5 127.0.0.1:5001/library/debianx:14 docker.io/library/debianx:0");
	assert_resolves(sample, "docker.io", NULL, "m1.example:5000/hub:5 127.0.0.1:5001/:14 docker.io/:0");
	assert_resolves(sample, "r.example", "good", "r.example/good:1");
	assert_resolves(sample, "r.example:5000", "good", "r.example:5000/good:0");
	assert_resolves(sample, "xr.example", "good", "xr.example/good:0");
	assert_resolves(sample, "evil.example", "a", "evil.example/a:0");
}

static void test_blocked(void **state)
{
	(void)state;
	assert_resolves(sample, "r.example", "bad/a",
			"the registry 'r.example/bad/a' is blocked: operation not permitted (the entry \"r.example/bad\" of registries.json does it)");
	assert_resolves(sample, "a.b.evil.example:1", "x",
			"the registry 'a.b.evil.example:1/x' is blocked: operation not permitted (the entry \"*.evil.example\" of registries.json does it)");
}

/* A block is not got around by writing the host otherwise. */
static void test_blocked_without_case(void **state)
{
	_cleanup_free_ char *one = resolve(sample, "R.Example", "bad/a"), *other = resolve(sample, "x.EVIL.example", "a");

	(void)state;
	assert_true(str_starts_with(one, "the registry 'R.Example/bad/a' is blocked"));
	assert_true(str_starts_with(other, "the registry 'x.EVIL.example/a' is blocked"));
}

static void test_loopback(void **state)
{
	static const char *const yes[] = { "localhost", "localhost:5000", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:5000" };
	static const char *const no[] = { "localhost.example", "127.0.0.1.example", "128.0.0.1", "[::2]", "[::1].x", "example:5000", "127.1", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(registries_host_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(registries_host_is_loopback(no[i]));
}

static void assert_refused(const char *text, const char *message)
{
	struct registries_config *config = NULL;
	struct error err = ERROR_INIT;

	assert_true(registries_config_decode("f", text, strlen(text), &config, &err) < 0);
	assert_null(config);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

#define LOCATION "expected a host, with parts of a repository's name behind it or none"

static void test_refused(void **state)
{
	(void)state;
	assert_refused("[]", "f: expected object");
	assert_refused("{\"registry\":[]}", "f: registry: unknown member");
	assert_refused("{\"registries\":{}}", "f: registries: expected array");
	assert_refused("{\"registries\":[1]}", "f: registries[0]: expected object");
	assert_refused("{\"registries\":[{}]}", "f: registries[0].prefix: missing");
	assert_refused("{\"registries\":[{\"prefix\":1}]}", "f: registries[0].prefix: expected string");
	assert_refused("{\"registries\":[{\"prefix\":\"https://a\"}]}", "f: registries[0].prefix: " LOCATION);
	assert_refused("{\"registries\":[{\"prefix\":\"a/\"}]}", "f: registries[0].prefix: " LOCATION);
	assert_refused("{\"registries\":[{\"prefix\":\"a\",\"location\":\"u@h\"}]}", "f: registries[0].location: " LOCATION);
	assert_refused("{\"registries\":[{\"prefix\":\"a\",\"bloked\":true}]}", "f: registries[0].bloked: unknown member");
	assert_refused("{\"registries\":[{\"prefix\":\"a\",\"blocked\":1}]}", "f: registries[0].blocked: expected boolean");
	assert_refused("{\"registries\":[{\"prefix\":\"a\",\"mirrors\":[{}]}]}", "f: registries[0].mirrors[0].location: missing");
	assert_refused("{\"registries\":[{\"prefix\":\"*.a\",\"location\":\"b\"}]}",
		       "f: registries[0].prefix: one with \"*.\" can be insecure or blocked, and no more");
	assert_refused("{", "f: line 1, column 2: expected a member's name in quotes, found the end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_blocked_without_case),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("registry/registries_config", tests, NULL, NULL);
}
