/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reference.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

/* What is read from TEXT, and what is written for it in full and in short. */
static void test_accepted(void **state _unused_)
{
	static const struct {
		const char *text, *domain, *path, *tag, *digest, *familiar;
	} cases[] = {
		{ "debian", "docker.io", "library/debian", NULL, NULL, "debian" },
		{ "debian:12", "docker.io", "library/debian", "12", NULL, "debian:12" },
		{ "library/debian", "docker.io", "library/debian", NULL, NULL, "debian" },
		{ "docker.io/debian", "docker.io", "library/debian", NULL, NULL, "debian" },
		{ "index.docker.io/debian", "docker.io", "library/debian", NULL, NULL, "debian" },
		{ "index.docker.io/library/debian:a", "docker.io", "library/debian", "a", NULL, "debian:a" },
		{ "user/app", "docker.io", "user/app", NULL, NULL, "user/app" },
		{ "docker.io/library/a/b", "docker.io", "library/a/b", NULL, NULL, "library/a/b" },
		{ "a@" DIGEST, "docker.io", "library/a", NULL, DIGEST, "a@" DIGEST },
		{ "a:t@" DIGEST, "docker.io", "library/a", "t", DIGEST, "a:t@" DIGEST },
		{ "localhost/a", "localhost", "a", NULL, NULL, "localhost/a" },
		{ "localhost", "docker.io", "library/localhost", NULL, NULL, "localhost" },
		{ "localhost:5000", "docker.io", "library/localhost", "5000", NULL, "localhost:5000" },
		{ "localhost:5000/a:b", "localhost:5000", "a", "b", NULL, "localhost:5000/a:b" },
		{ "quay.io/x/y/z:1", "quay.io", "x/y/z", "1", NULL, "quay.io/x/y/z:1" },
		{ "Host/a", "Host", "a", NULL, NULL, "Host/a" },
		{ "10.0.0.1:80/a", "10.0.0.1:80", "a", NULL, NULL, "10.0.0.1:80/a" },
		{ "[::1]:5000/a", "[::1]:5000", "a", NULL, NULL, "[::1]:5000/a" },
		{ "[fe80::1]/a/b", "[fe80::1]", "a/b", NULL, NULL, "[fe80::1]/a/b" },
		{ "a/b__c-d--e.f_g", "docker.io", "a/b__c-d--e.f_g", NULL, NULL, "a/b__c-d--e.f_g" },
		{ "a:_T.x-9", "docker.io", "library/a", "_T.x-9", NULL, "a:_T.x-9" },
		{ HEX64 ":x", "docker.io", "library/" HEX64, "x", NULL, "docker.io/" HEX64 ":x" },
		/* What the short form would make something else keeps its domain. */
		{ "docker.io/quay.io/a", "docker.io", "quay.io/a", NULL, NULL, "docker.io/quay.io/a" },
		{ "docker.io/localhost/a", "docker.io", "localhost/a", NULL, NULL, "docker.io/localhost/a" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_reference reference = { 0 }, again = { 0 };
		struct error err = ERROR_INIT;

		if (spec_reference_parse(arena, cases[i].text, &reference, &err) < 0)
			fail_msg("%s", err.message);
		assert_string_equal(reference.domain, cases[i].domain);
		assert_string_equal(reference.path, cases[i].path);
		assert_true(str_equal(reference.tag, cases[i].tag));
		assert_true(str_equal(reference.digest, cases[i].digest));
		assert_string_equal(spec_reference_familiar(arena, &reference), cases[i].familiar);
		assert_int_equal(spec_reference_parse(arena, spec_reference_familiar(arena, &reference), &again, NULL), 0);
		assert_string_equal(spec_reference_text(arena, &reference), spec_reference_text(arena, &again));
		assert_true(spec_reference_same_repository(&reference, &again));
	}
}

static void test_refused(void **state _unused_)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "invalid reference '': it is empty" },
		{ "Debian", "invalid reference 'Debian': the repository must be lower case" },
		{ "quay.io/Debian:1", "invalid reference 'quay.io/Debian:1': the repository must be lower case" },
		{ HEX64, "invalid reference '" HEX64 "': it would be taken for an image's id" },
		{ "a:", "invalid reference 'a:': '' is no tag" },
		{ "a:-b", "invalid reference 'a:-b': '-b' is no tag" },
		{ "a:b:c", "invalid reference 'a:b:c': 'b:c' is no tag" },
		{ "a@", "invalid reference 'a@': '' is no digest" },
		{ "a@sha256:12", "invalid reference 'a@sha256:12': 'sha256:12' is no digest" },
		{ "a@" DIGEST "@" DIGEST, "invalid reference 'a@" DIGEST "@" DIGEST "': '" DIGEST "@" DIGEST "' is no digest" },
		{ "-a", "invalid reference '-a': 'library/-a' is no name of a repository" },
		{ "a..b", "invalid reference 'a..b': 'library/a..b' is no name of a repository" },
		{ "a___b", "invalid reference 'a___b': 'library/a___b' is no name of a repository" },
		{ "a/", "invalid reference 'a/': 'a/' is no name of a repository" },
		{ "a//b", "invalid reference 'a//b': 'a//b' is no name of a repository" },
		{ "quay.io/", "invalid reference 'quay.io/': '' is no name of a repository" },
		{ "/a", "invalid reference '/a': '/a' is no name of a repository" },
		{ "quay.io/../a", "invalid reference 'quay.io/../a': '../a' is no name of a repository" },
		{ "a b", "invalid reference 'a b': 'library/a b' is no name of a repository" },
		{ "-x.y/a", "invalid reference '-x.y/a': '-x.y' is no registry" },
		{ "x.y:/a", "invalid reference 'x.y:/a': 'x.y:' is no registry" },
		{ "x.y:1b/a", "invalid reference 'x.y:1b/a': 'x.y:1b' is no registry" },
		{ "x..y/a", "invalid reference 'x..y/a': 'x..y' is no registry" },
		{ "[::1/a", "invalid reference '[::1/a': '[::1' is no registry" },
		{ "https://quay.io/a", "invalid reference 'https://quay.io/a': 'https:' is no registry" },
		{ "a\n", "invalid reference 'a?': 'library/a?' is no name of a repository" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_reference reference = { .domain = NULL };
		struct error err = ERROR_INIT;

		if (spec_reference_parse(arena, cases[i].text, &reference, &err) != -EINVAL)
			fail_msg("'%s' should be refused", cases[i].text);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_null(reference.domain);
	}
}

static void test_lengths(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_reference reference = { 0 };
	struct error err = ERROR_INIT;
	char text[1024] = "quay.io/", *end = text + strlen(text);

	memset(end, 'a', SPEC_REFERENCE_NAME_LIMIT - strlen("quay.io/"));
	assert_int_equal(spec_reference_parse(arena, text, &reference, &err), 0);
	strcat(text, "a");
	assert_int_equal(spec_reference_parse(arena, text, &reference, &err), -EINVAL);
	assert_non_null(strstr(err.message, ": the name is too long"));
	memset(text, 'a', sizeof text - 1);
	assert_int_equal(spec_reference_parse(arena, text, &reference, &err), -EINVAL);
	text[2 + SPEC_REFERENCE_TAG_LIMIT] = '\0';
	text[1] = ':';
	assert_int_equal(spec_reference_parse(arena, text, &reference, &err), 0);
	text[2 + SPEC_REFERENCE_TAG_LIMIT] = 'a';
	text[3 + SPEC_REFERENCE_TAG_LIMIT] = '\0';
	assert_int_equal(spec_reference_parse(arena, text, &reference, &err), -EINVAL);
}

static void test_default_tag(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_reference reference = { 0 };

	assert_int_equal(spec_reference_parse(arena, "a", &reference, NULL), 0);
	spec_reference_add_default_tag(&reference);
	assert_string_equal(spec_reference_text(arena, &reference), "docker.io/library/a:latest");
	assert_string_equal(spec_reference_repository(arena, &reference), "docker.io/library/a");
	assert_int_equal(spec_reference_parse(arena, "a@" DIGEST, &reference, NULL), 0);
	spec_reference_add_default_tag(&reference);
	assert_string_equal(spec_reference_text(arena, &reference), "docker.io/library/a@" DIGEST);
	assert_int_equal(spec_reference_parse(arena, "a:b", &reference, NULL), 0);
	spec_reference_add_default_tag(&reference);
	assert_string_equal(spec_reference_familiar(arena, &reference), "a:b");
	assert_string_equal(spec_reference_familiar_repository(arena, &reference), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_default_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
