/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct request {
	bool interactive, tty, force;
	const char *name;
	char **env;
	int64_t count;
	int64_t any;
	size_t length; /* by callback */
	const char *when;
};

static int parse_length(const char *value, void *target, struct error *err)
{
	if (!*value)
		return error_set(err, ERROR_INVALID, 0, "expected some text");
	*(size_t *)target = strlen(value);
	return 0;
}

static int parse_when(const char *value, void *target, struct error *err)
{
	if (str_equal(value, ""))
		return error_set(err, ERROR_INVALID, 0, "expected a word");
	*(const char **)target = value ? value : "at once";
	return 0;
}

static const struct option_entry entries[] = {
	{ "interactive", 'i', OPTION_FLAG, .offset = offsetof(struct request, interactive), .help = "keep stdin" },
	{ "tty", 't', OPTION_FLAG, .offset = offsetof(struct request, tty), .help = "allocate a terminal" },
	{ "force", 0, OPTION_FLAG, .offset = offsetof(struct request, force), .help = "do it all the same" },
	{ "name", 'n', OPTION_STRING, OPTION_FILE, offsetof(struct request, name), "NAME", "a name" },
	{ "env", 'e', OPTION_LIST, .offset = offsetof(struct request, env), .argument = "K=V", .help = "set a variable" },
	{ "count", 'c', OPTION_INT, .offset = offsetof(struct request, count), .argument = "N", .help = "how many", .minimum = 0, .maximum = 10 },
	{ "any", 0, OPTION_INT, .offset = offsetof(struct request, any), .argument = "N", .help = "any number" },
	{ "length", 'l', OPTION_CALLBACK, .offset = offsetof(struct request, length), .argument = "TEXT", .help = "its length counts", .parse = parse_length },
	{ "when", 0, OPTION_CALLBACK, OPTION_OPTIONAL, offsetof(struct request, when), "TIME", "now or at a time", .parse = parse_when },
	{ "secret", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct request, force), .help = "not shown" },
	{ 0 },
};

static const struct options_command mixed = { "mixed", "ID [WORD…]", "mixes", "One.\n\nTwo.", entries, 0, 0, OPTIONS_ANY_NUMBER };
static const struct options_command stopping = { "stopping", "ID", "stops", NULL, entries, OPTIONS_STOP_AT_OPERAND, 1, OPTIONS_ANY_NUMBER };
static const struct options_command exact = { "exact", "ID [SIGNAL]", "counts", NULL, entries, 0, 1, 2 };
static const struct options_command raw = { "raw", "WORD…", "takes all", NULL, entries, OPTIONS_ALL_OPERANDS, 0, OPTIONS_ANY_NUMBER };
static const struct options_command lone = { "lone", NULL, "is alone", NULL, NULL, 0, 0, 0 };

/* Copies WORDS, a space-separated line, into writable arguments; "_" stands for an empty one. */
struct line {
	char text[512];
	char *args[64];
	struct request request;
	struct options_result result;
	struct error err;
};

static int parse(struct line *line, const struct options_command *command, const char *words)
{
	size_t count = 0;
	char *save = NULL;

	*line = (struct line){ .request.name = "default", .request.count = 3 };
	snprintf(line->text, sizeof line->text, "%s", words);
	for (char *word = strtok_r(line->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (str_equal(word, "_"))
			*word = '\0';
		line->args[count++] = word;
	}
	return options_parse(command, line->args, &line->request, &line->result, &line->err);
}

static void done(struct line *line)
{
	free(line->request.env);
}

static void test_forms(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &mixed, "--name a --env A=1 -e B=2 --env=C= --count 7 --any -5"), 0);
	assert_string_equal(line.request.name, "a");
	assert_string_equal(line.request.env[0], "A=1");
	assert_string_equal(line.request.env[1], "B=2");
	assert_string_equal(line.request.env[2], "C=");
	assert_null(line.request.env[3]);
	assert_int_equal(line.request.count, 7);
	assert_int_equal(line.request.any, -5);
	assert_int_equal(line.result.operand_count, 0);
	done(&line);

	assert_int_equal(parse(&line, &mixed, "--name=x=y -c5"), 0);
	assert_string_equal(line.request.name, "x=y");
	assert_int_equal(line.request.count, 5);
	assert_int_equal(parse(&line, &mixed, "-n=x"), 0);
	assert_string_equal(line.request.name, "x");
	assert_int_equal(parse(&line, &mixed, "--name _ --length four"), 0);
	assert_string_equal(line.request.name, "");
	assert_int_equal(line.request.length, 4);
	assert_int_equal(parse(&line, &mixed, ""), 0);
	assert_string_equal(line.request.name, "default");
	assert_int_equal(line.request.count, 3);
}

static void test_optional_values(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &mixed, "--when x"), 0);
	assert_string_equal(line.request.when, "at once");
	assert_int_equal(line.result.operand_count, 1);
	assert_int_equal(parse(&line, &mixed, "--when=noon x"), 0);
	assert_string_equal(line.request.when, "noon");
	assert_true(parse(&line, &mixed, "--when=") < 0);
	assert_string_equal(line.err.message, "invalid value '' for --when: expected a word");
}

static void test_flags(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &mixed, "-it"), 0);
	assert_true(line.request.interactive && line.request.tty && !line.request.force);
	assert_int_equal(parse(&line, &mixed, "-it --tty=false --interactive=0 --force=true"), 0);
	assert_true(!line.request.interactive && !line.request.tty && line.request.force);
	assert_int_equal(parse(&line, &mixed, "-itn x"), 0);
	assert_true(line.request.interactive && line.request.tty);
	assert_string_equal(line.request.name, "x");
	assert_int_equal(parse(&line, &mixed, "-itnx"), 0);
	assert_string_equal(line.request.name, "x");
	assert_int_equal(parse(&line, &mixed, "-force -name x -count=2"), 0); /* one dash and a long name */
	assert_true(line.request.force);
	assert_string_equal(line.request.name, "x");
	assert_int_equal(line.request.count, 2);
	assert_true(parse(&line, &mixed, "--force=perhaps") < 0);
	assert_string_equal(line.err.message, "invalid value 'perhaps' for --force: expected true or false");
}

static void test_operands(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &mixed, "a --force b - -- --tty"), 0);
	assert_int_equal(line.result.operand_count, 4);
	assert_string_equal(line.result.operands[0], "a");
	assert_string_equal(line.result.operands[1], "b");
	assert_string_equal(line.result.operands[2], "-");
	assert_string_equal(line.result.operands[3], "--tty");
	assert_null(line.result.operands[4]);
	assert_true(line.request.force && !line.request.tty);

	assert_int_equal(parse(&line, &stopping, "--force id sh -c --tty --"), 0);
	assert_int_equal(line.result.operand_count, 5);
	assert_string_equal(line.result.operands[0], "id");
	assert_string_equal(line.result.operands[3], "--tty");
	assert_string_equal(line.result.operands[4], "--");
	assert_false(line.request.tty);
	assert_int_equal(parse(&line, &stopping, "-- -id"), 0);
	assert_string_equal(line.result.operands[0], "-id");

	assert_int_equal(parse(&line, &raw, "--help -- --frob"), 0);
	assert_int_equal(line.result.operand_count, 3);
	assert_false(line.result.help_asked);
}

static void test_counts(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &exact, "a"), 0);
	assert_int_equal(parse(&line, &exact, "a b"), 0);
	assert_true(parse(&line, &exact, "") < 0);
	assert_string_equal(line.err.message, "'exact' needs ID [SIGNAL]");
	assert_true(parse(&line, &exact, "a b c") < 0);
	assert_string_equal(line.err.message, "'exact' takes ID [SIGNAL], but got 3 operands");
	assert_true(parse(&line, &lone, "a") < 0);
	assert_string_equal(line.err.message, "'lone' takes no operand");
}

static void test_errors(void **state _unused_)
{
	struct line line;

	assert_true(parse(&line, &mixed, "--forse") < 0);
	assert_string_equal(line.err.message, "unknown option '--forse' of 'mixed'");
	assert_string_equal(line.err.hint, "did you mean --force?");
	assert_true(parse(&line, &mixed, "--frobnicate=1") < 0);
	assert_string_equal(line.err.message, "unknown option '--frobnicate' of 'mixed'");
	assert_string_equal(line.err.hint, "");
	assert_true(parse(&line, &mixed, "--secre") < 0);
	assert_string_equal(line.err.hint, ""); /* hidden ones are not told */
	assert_true(parse(&line, &mixed, "-ix") < 0);
	assert_string_equal(line.err.message, "unknown option '-x' of 'mixed'");
	assert_true(parse(&line, &lone, "-x") < 0);
	assert_true(parse(&line, &mixed, "--name") < 0);
	assert_string_equal(line.err.message, "option '--name' of 'mixed' needs a value (NAME)");
	assert_true(parse(&line, &mixed, "--count 11") < 0);
	assert_string_equal(line.err.message, "invalid value '11' for --count: expected a number from 0 to 10");
	assert_true(parse(&line, &mixed, "--count -1") < 0);
	assert_true(parse(&line, &mixed, "--count 1x") < 0);
	assert_string_equal(line.err.message, "invalid value '1x' for --count: expected a whole number");
	assert_true(parse(&line, &mixed, "--any 99999999999999999999") < 0);
	assert_string_equal(line.err.message, "invalid value '99999999999999999999' for --any: the number is too large");
	assert_true(parse(&line, &mixed, "--length=") < 0);
	assert_string_equal(line.err.message, "invalid value '' for --length: expected some text");
}

static void test_help_asked(void **state _unused_)
{
	struct line line;

	assert_int_equal(parse(&line, &exact, "--help"), 0);
	assert_true(line.result.help_asked);
	assert_int_equal(parse(&line, &exact, "-th a b c d"), 0);
	assert_true(line.result.help_asked);
	assert_int_equal(parse(&line, &stopping, "id --help"), 0);
	assert_false(line.result.help_asked);
}

static void test_help_text(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	options_help(&mixed, "prog", &out);
	assert_non_null(strstr(out.data, "prog mixed: mixes\n\nusage: prog mixed [OPTION…] ID [WORD…]\n\nOne.\n\nTwo.\n"));
	assert_non_null(strstr(out.data, "\n  -n, --name NAME                 a name\n"));
	assert_non_null(strstr(out.data, "\n      --force                     do it all the same\n"));
	assert_non_null(strstr(out.data, "\n      --when[=TIME]               now or at a time\n"));
	assert_null(strstr(out.data, "secret"));
	buf_done(&out);
	options_help(&lone, "prog", &out);
	assert_string_equal(out.data, "prog lone: is alone\n\nusage: prog lone\n");
}

static void test_dump(void **state _unused_)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	options_dump(&mixed, &out);
	assert_true(str_starts_with(out.data, "command\tmixed\tID [WORD…]\tmixes\ntext\tOne.\ntext\tTwo.\noption\ti\tinteractive\t\tflag\tkeep stdin\n"));
	assert_non_null(strstr(out.data, "\noption\tn\tname\tNAME\tfile\ta name\n"));
	assert_non_null(strstr(out.data, "\noption\t\twhen\t[=TIME]\tflag\tnow or at a time\n"));
	assert_null(strstr(out.data, "secret"));
}

static void test_nearest(void **state _unused_)
{
	static const char *const words[] = { "create", "start", "state", NULL, "delete", "list", "exec" };

	assert_string_equal(options_nearest("crate", words, ARRAY_SIZE(words)), "create");
	assert_string_equal(options_nearest("strat", words, ARRAY_SIZE(words)), "start");
	assert_string_equal(options_nearest("lsit", words, ARRAY_SIZE(words)), "list");
	assert_string_equal(options_nearest("del", words, ARRAY_SIZE(words)), "delete");
	assert_null(options_nearest("frobnicate", words, ARRAY_SIZE(words)));
	assert_null(options_nearest("x", words, ARRAY_SIZE(words)));
	assert_null(options_nearest("", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_optional_values),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_help_asked),
		cmocka_unit_test(test_help_text),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
