/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/platform.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct spec_platform parse(struct arena *arena, const char *text)
{
	struct spec_platform host = { .os = (char *)"linux", .architecture = (char *)"amd64" }, platform = { 0 };
	struct error err = ERROR_INIT;

	if (spec_platform_parse(arena, text, &host, &platform, &err) < 0)
		fail_msg("%s", err.message);
	return platform;
}

static void test_parsing(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "linux/amd64", "linux/amd64" },
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/amd64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
		{ "Linux/AArch64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm64/8", "linux/arm64" },
		{ "linux/arm64/v8.2", "linux/arm64/v8.2" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/arm/6", "linux/arm/v6" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "armel", "linux/arm/v6" },
		{ "i686", "linux/386" },
		{ "linux", "linux/amd64" },
		{ "macos/arm64", "darwin/arm64" },
		{ "windows", "windows/amd64" },
		{ "riscv64", "linux/riscv64" },
		{ "linux/new-cpu", "linux/new-cpu" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_platform platform = parse(arena, cases[i][0]);

		assert_string_equal(spec_platform_text(arena, &platform), cases[i][1]);
	}
}

/* The host's own architecture is meant as the host has it; another's is the usual one. */
static void test_variant_of_host(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_platform host = spec_platform_of_machine(arena, "armv6l"), platform = { 0 };

	assert_int_equal(spec_platform_parse(arena, "arm", &host, &platform, NULL), 0);
	assert_string_equal(spec_platform_text(arena, &platform), "linux/arm/v6");
	assert_int_equal(spec_platform_parse(arena, "linux", &host, &platform, NULL), 0);
	assert_string_equal(spec_platform_text(arena, &platform), "linux/arm/v6");
	assert_int_equal(spec_platform_parse(arena, "arm64", &host, &platform, NULL), 0);
	assert_string_equal(spec_platform_text(arena, &platform), "linux/arm64");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "it should be os/architecture[/variant]" },
		{ "linux/", "it should be os/architecture[/variant]" },
		{ "linux//v7", "it should be os/architecture[/variant]" },
		{ "linux/arm/v7/x", "it should be os/architecture[/variant]" },
		{ "linux/a b", "it should be os/architecture[/variant]" },
		{ "linux(1)/amd64", "it should be os/architecture[/variant]" },
		{ "beos", "neither an operating system nor an architecture" },
		/* 64 bytes, which a "v" makes 65 */
		{ "linux/arm/4444444444444444444444444444444444444444444444444444444444444444", "its variant is too long" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_platform host = spec_platform_of_machine(arena, "x86_64"), platform = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *message = arena_printf(arena, "invalid platform '%s': %s", cases[i][0], cases[i][1]);
		struct error err = ERROR_INIT;

		assert_int_equal(spec_platform_parse(arena, cases[i][0], &host, &platform, &err), -EINVAL);
		assert_string_equal(err.message, message);
	}
	assert_null(platform.os);
}

static void test_machines(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "x86_64", "linux/amd64" },	 { "aarch64", "linux/arm64" },	 { "armv7l", "linux/arm/v7" },	  { "armv6l", "linux/arm/v6" },
		{ "armv5tel", "linux/arm/v5" },	 { "ppc64le", "linux/ppc64le" }, { "s390x", "linux/s390x" },	  { "riscv64", "linux/riscv64" },
		{ "i686", "linux/386" },	 { "mips64", "linux/mips64" },	 { "loongarch64", "linux/loong64" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_platform platform = spec_platform_of_machine(arena, cases[i][0]);

		assert_string_equal(spec_platform_text(arena, &platform), cases[i][1]);
	}
}

/* Each list is what suits its first one, from the best on. */
static void test_order(void **state _unused_)
{
	static const char *const lists[][14] = {
		{ "linux/amd64", "linux/386" },
		{ "linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386" },
		{ "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
		{ "linux/arm/v5" },
		{ "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
		{ "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v8", "linux/arm/v7" },
		{ "linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6", "linux/arm64/v8.5", "linux/arm64/v8.4", "linux/arm64/v8.3",
		  "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
		{ "linux/riscv64" },
		{ "windows/amd64", "windows/386" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct spec_platform wanted = parse(arena, lists[i][0]);

		for (size_t n = 0; n < ARRAY_SIZE(lists[i]) && lists[i][n]; n++) {
			struct spec_platform offered = parse(arena, lists[i][n]);

			if (spec_platform_rank(&wanted, &offered) != n)
				fail_msg("%s for %s has rank %u, not %zu", lists[i][n], lists[i][0], spec_platform_rank(&wanted, &offered), n);
		}
	}
}

static void test_no_match(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "linux/amd64", "linux/arm64" },      { "linux/amd64", "linux/amd64/v2" },   { "linux/386", "linux/amd64" },
		{ "linux/amd64", "windows/amd64" },    { "linux/arm/v6", "linux/arm/v7" },    { "linux/arm/v7", "linux/arm64" },
		{ "linux/arm64", "linux/arm64/v8.1" }, { "linux/arm64/v9", "linux/arm64/v8.6" }, { "linux/arm64/v8.9", "linux/arm64/v9" },
		{ "linux/ppc64le", "linux/ppc64" },    { "linux/arm/x", "linux/arm/v5" },     { "linux/arm/v7", "linux/arm/v4" },
		{ "linux/amd64", "unknown/unknown" },  { "linux/arm64/x", "linux/arm64" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_platform wanted = parse(arena, cases[i][0]), offered = parse(arena, cases[i][1]);

		if (spec_platform_rank(&wanted, &offered) != SPEC_PLATFORM_NO_MATCH)
			fail_msg("%s should not do for %s", cases[i][1], cases[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parsing),	 cmocka_unit_test(test_variant_of_host), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_machines), cmocka_unit_test(test_order),		 cmocka_unit_test(test_no_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
