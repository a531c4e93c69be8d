/* SPDX-License-Identifier: Apache-2.0 */
#include "api/words.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_words_are_dockers(void **state _unused_)
{
	static const struct {
		const char *engine, *docker;
	} cases[] = {
		{ "no such container 'a b'", "No such container: a b" },
		{ "no such image 'nix'", "No such image: nix:latest" },
		{ "no such image 'h:5000/nix'", "No such image: h:5000/nix:latest" },
		{ "no such image 'nix:1'", "No such image: nix:1" },
		{ "no such image 'nix@sha256:11'", "No such image: nix@sha256:11" },
		{ "cannot remove the container 'web': it is running",
		  "cannot remove container \"/web\": container is running: stop the container before removing or force remove" },
		{ "the name 'web' is already in use by the container '123'",
		  "Conflict. The container name \"/web\" is already in use by container \"123\". You have to remove (or rename) that container to be able to "
		  "reuse that name." },
		{ "cannot pause the container 'web': container 'web' is already paused", "Container web is already paused" },
		{ "cannot unpause the container 'web': container 'web' is not paused", "Container web is not paused" },
		{ "cannot connect the container 'web': the container 'web' is in the network 'n' already", "endpoint with name web already exists in network n" },
		{ "--network: no such network 'n'", "network n not found" },
		{ "invalid filter 'a=b=c'", "invalid filter 'a'" },
		{ "no such container 'x", "no such container 'x" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error error = ERROR_INIT;

		error_set(&error, ERROR_NOT_FOUND, 0, "%s", cases[i].engine);
		api_words_translate(&error, NULL);
		assert_string_equal(error.message, cases[i].docker);
	}
}

static void test_hints_of_the_command_line_go(void **state _unused_)
{
	struct error error = ERROR_INIT;

	error_set(&error, ERROR_CONFLICT, 0, "x");
	error_hint(&error, "'bivy start x' starts it");
	api_words_translate(&error, NULL);
	assert_string_equal(error.hint, "");
	error_hint(&error, "do it");
	api_words_translate(&error, NULL);
	assert_string_equal(error.hint, "do it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_dockers),
		cmocka_unit_test(test_hints_of_the_command_line_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
