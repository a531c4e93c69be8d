/* SPDX-License-Identifier: Apache-2.0 */
#include "base/commands.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct ls_request {
	char **filters;
};

static const struct option_entry ls_entries[] = {
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct ls_request, filters), "NAME=VALUE", "only some" },
	{ 0 },
};

static int run(const struct command_call *call _unused_, struct buf *out _unused_, struct error *err _unused_)
{
	return 0;
}

static const struct command image = { .command = { .name = "image", .summary = "images", .properties = OPTIONS_STOP_AT_OPERAND } };
static const struct command image_ls = {
	.command = { .name = "image ls", .summary = "list images", .entries = ls_entries },
	.request_size = sizeof(struct ls_request),
	.run = run,
};
static const struct command image_list = { .command = { .name = "image list", .properties = OPTIONS_HIDDEN }, .same_as = &image_ls };
static const struct command images = { .command = { .name = "images" }, .same_as = &image_ls };
static const struct command version = { .command = { .name = "version", .summary = "print the version" }, .run = run };

static const struct command *const list[] = { &image, &image_list, &image_ls, &images, &version };

static const struct commands commands = {
	.program = { .name = "demo", .summary = "a demonstration", .entries = commands_entries, .properties = OPTIONS_STOP_AT_OPERAND },
	.list = list,
	.count = ARRAY_SIZE(list),
	.lister = "demo help",
	.suggests = true,
};

static void test_names_of_one_and_two_words(void **state _unused_)
{
	static const struct {
		char *words[4];
		const struct command *expected;
		size_t count;
	} cases[] = {
		{ { "version" }, &version, 1 },
		{ { "version", "image" }, &version, 1 },
		{ { "image" }, &image, 1 },
		{ { "image", "--help" }, &image, 1 },
		{ { "image", "ls" }, &image_ls, 2 },
		{ { "image", "ls", "image" }, &image_ls, 2 },
		{ { "image", "list" }, &image_list, 2 },
		{ { "images", "ls" }, &images, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t count = 0;

		assert_ptr_equal(commands_find(&commands, cases[i].words, &count, NULL), cases[i].expected);
		assert_int_equal(count, cases[i].count);
	}
}

static void test_unknown_names_are_told_with_the_nearest_in_their_group(void **state _unused_)
{
	static const struct {
		char *words[3];
		const char *message, *hint;
	} cases[] = {
		{ { "versoin" }, "unknown command 'versoin'", "did you mean 'version'?" },
		{ { "ls" }, "unknown command 'ls'", "'demo help' lists the commands" },
		{ { "image ls" }, NULL, NULL },
		{ { "image", "sl" }, "unknown command 'image sl'", "did you mean 'image ls'?" },
		{ { "image", "version" }, "unknown command 'image version'", "'demo help image' lists the commands" },
		{ { "image", "lits" }, "unknown command 'image lits'", "did you mean 'image ls'?" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		size_t count;
		const struct command *found = commands_find(&commands, cases[i].words, &count, &err);

		if (!cases[i].message) {
			assert_non_null(found);
			continue;
		}
		assert_null(found);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

static void test_another_name_has_the_same_options(void **state _unused_)
{
	struct options_command options = command_options(&images);

	assert_string_equal(options.name, "images");
	assert_string_equal(options.summary, "list images");
	assert_ptr_equal(options.entries, ls_entries);
	assert_true(command_options(&image_list).properties & OPTIONS_HIDDEN);
}

static void test_overviews(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT, group = BUF_INIT, one = BUF_INIT;

	commands_add_overview(&commands, &out);
	assert_string_equal(out.data, "demo: a demonstration\n\nusage: demo [OPTION…] COMMAND [ARGUMENT…]\n\n"
				      "commands:\n  images      list images\n  version     print the version\n\n"
				      "groups of commands:\n  image       images\n\n"
				      "options:\n  -v, --version                   print the version\n");
	commands_add_help(&commands, &image, &group);
	assert_string_equal(group.data, "demo image: images\n\nusage: demo image COMMAND [ARGUMENT…]\n\ncommands:\n  ls          list images\n");
	commands_add_help(&commands, &images, &one);
	assert_true(str_starts_with(one.data, "demo images: list images\n\nusage: demo images [OPTION"));
	assert_non_null(strstr(one.data, "--filter NAME=VALUE"));
}

static void test_dump(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	commands_dump(&commands, &out);
	assert_string_equal(out.data, "command\tdemo\t\ta demonstration\noption\tv\tversion\t\tflag\tprint the version\n"
				      "group\timage\timages\n"
				      "command\timage ls\t\tlist images\noption\tf\tfilter\tNAME=VALUE\tvalue\tonly some\n"
				      "command\timages\t\tlist images\noption\tf\tfilter\tNAME=VALUE\tvalue\tonly some\n"
				      "command\tversion\t\tprint the version\n");
}

static int run_seven(const struct command_call *call, struct buf *out _unused_, struct error *err _unused_)
{
	assert_int_equal(*call->status, 0);
	*call->status = 7;
	return 0;
}

static void test_a_command_that_succeeds_may_choose_the_status(void **state _unused_)
{
	static const struct command seven = { .command = { .name = "seven", .summary = "is seven" }, .run = run_seven };
	static const struct command *const two[] = { &seven, &version };
	struct commands both = commands;
	char *seventh[] = { "demo", "seven", NULL }, *other[] = { "demo", "version", NULL };

	both.program.maximum_operands = OPTIONS_ANY_NUMBER;
	both.list = two;
	both.count = ARRAY_SIZE(two);
	assert_int_equal(commands_main(&both, 2, seventh), 7);
	assert_int_equal(commands_main(&both, 2, other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_one_and_two_words),
		cmocka_unit_test(test_unknown_names_are_told_with_the_nearest_in_their_group),
		cmocka_unit_test(test_another_name_has_the_same_options),
		cmocka_unit_test(test_overviews),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_a_command_that_succeeds_may_choose_the_status),
	};

	return cmocka_run_group_tests_name("base/commands", tests, NULL, NULL);
}
