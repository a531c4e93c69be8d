/* SPDX-License-Identifier: Apache-2.0 */
#include "build/words.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *environment[] = { "NAME=shadowed", "NAME=bivy", "EMPTY=", "FILE=dir/sub/archive.tar.gz", "TWO=a  b", "UMLAUT=für", "LINES=a1\nb1",
	"STARS=a*b", "A=aXbXc", NULL };

/* NULL: fails. */
static char *expand(struct arena *arena, struct words words, const char *text, struct error *err)
{
	char *ret = NULL;

	words.escape = words.escape ? words.escape : '\\';
	words.environment = environment;
	if (words_expand(arena, &words, text, &ret, err) < 0)
		assert_null(ret);
	return ret;
}

struct expansion {
	const char *text, *result; /* result NULL: fails */
};

static void check(struct words words, const struct expansion *cases, size_t count)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < count; i++) {
		struct error err = ERROR_INIT;
		char *result = expand(arena, words, cases[i].text, &err);

		if (!str_equal(result, cases[i].result))
			fail_msg("'%s' became '%s' (%s), not '%s'", cases[i].text, result ? result : "nothing", err.message,
				cases[i].result ? cases[i].result : "nothing");
	}
}

#define CHECK(words, cases) check(words, cases, ARRAY_SIZE(cases))

static void test_quotes(void **state _unused_)
{
	static const struct expansion cases[] = {
		{ "", "" }, { "plain", "plain" }, { "a 'b c' d", "a b c d" }, { "\"a 'b'\"", "a 'b'" }, { "'a \"b\"'", "a \"b\"" }, { "'a\\'", "a\\" },
		{ "\\'", "'" }, { "\\x", "x" }, { "end\\", "end" }, { "\"\\x\\\"\\$NAME\\\\\"", "\\x\"$NAME\\" }, { "'$NAME'", "$NAME" },
		{ "\"$NAME\"", "bivy" }, { "\\$NAME", "$NAME" }, { "'open", NULL }, { "\"open", NULL }, { "\"open\\\"", NULL }, { "\\\\'", NULL },
		{ "a<b <<  c", "a<b <<  c" }, { "\\\xc3\xa4", "\xc3\xa4" },
	};

	CHECK((struct words){ 0 }, cases);
}

static void test_other_escape(void **state _unused_)
{
	static const struct expansion cases[] = {
		{ "c:\\dir", "c:\\dir" }, { "`$NAME", "$NAME" }, { "\"`\"\\\"", "\"\\" }, { "\"`x``\"", "`x`" },
	};

	CHECK(((struct words){ .escape = '`' }), cases);
}

static void test_names(void **state _unused_)
{
	static const struct expansion cases[] = {
		{ "$NAME", "bivy" }, { "${NAME}", "bivy" }, { "x$NAME.y", "xbivy.y" }, { "$NAMES", "" }, { "$NAME_", "" }, { "$name", "" },
		{ "$", "$" }, { "a$ b", "a$ b" }, { "$.", "$." }, { "$1x", "x" }, { "$12", "" }, { "$@$*$#", "" }, { "$$NAME", "NAME" },
		{ "${", NULL }, { "${}", NULL }, { "${{NAME}}", NULL }, { "${:-x}", NULL }, { "${NAME", NULL }, { "${.}", NULL }, { "${NAME NAME}", NULL },
		{ "$NAME\xe2\x86\x92", "bivy\xe2\x86\x92" }, { "$NAME\xc3\xa4", "" }, { "$NAME\xff", "bivy\xff" }, { "${NAME}}", "bivy}" },
	};

	CHECK((struct words){ 0 }, cases);
}

static void test_defaults(void **state _unused_)
{
	static const struct expansion cases[] = {
		{ "${NAME:-x}", "bivy" }, { "${NONE:-x}", "x" }, { "${EMPTY:-x}", "x" }, { "${NONE-x}", "x" }, { "${EMPTY-x}", "" },
		{ "${NAME:+x}", "x" }, { "${NONE:+x}", "" }, { "${EMPTY:+x}", "" }, { "${EMPTY+x}", "x" }, { "${NONE+x}", "" },
		{ "${NAME?}", "bivy" }, { "${EMPTY?}", "" }, { "${EMPTY:?}", NULL }, { "${NONE?}", NULL }, { "${NONE:-$NAME}", "bivy" },
		{ "${NONE:-${ALSO:-${NAME}}}", "bivy" }, { "${NONE:-a b {c}", "a b {c" }, { "${NONE:-\\}}", "}" }, { "${NONE:-'}'}", "}" },
		{ "${NONE:-\"}$NAME\"}", "}bivy" }, { "${NAME:=x}", NULL }, { "${NAME:x}", NULL }, { "${NAME:#x}", NULL }, { "${NAME:}", NULL },
		{ "${NONE:-x", NULL }, { "${NONE:-'x}", NULL }, { "${1:-x}", "x" }, { "${@:-x}", "x" }, { "${-:-x}", "x" }, { "${-}", "" },
		{ "\"${NONE:-\"x\"}\"", "x" },
	};

	CHECK((struct words){ 0 }, cases);
}

static void test_patterns(void **state _unused_)
{
	static const struct expansion cases[] = {
		{ "${FILE#*/}", "sub/archive.tar.gz" }, { "${FILE##*/}", "archive.tar.gz" }, { "${FILE%.*}", "dir/sub/archive.tar" },
		{ "${FILE%%.*}", "dir/sub/archive" }, { "${FILE#x}", "dir/sub/archive.tar.gz" }, { "${FILE%x}", "dir/sub/archive.tar.gz" },
		{ "${FILE#d?r/}", "sub/archive.tar.gz" }, { "${FILE##*}", "" }, { "${FILE#*}", "dir/sub/archive.tar.gz" }, { "${FILE#}", "dir/sub/archive.tar.gz" },
		{ "${NONE#x}", "" }, { "${NONE%x}", "" }, { "${UMLAUT#f?}", "r" }, { "${UMLAUT%?r}", "f" }, { "${LINES##*1}", "\nb1" }, { "${LINES%?b?}", "a1\nb1" },
		{ "${STARS#a\\*}", "b" }, { "${STARS%\\*b}", "a" }, { "${NAME#\\q}", NULL }, { "${FILE#[a-z]}", "dir/sub/archive.tar.gz" },
		{ "${NAME%${NONE:-vy}}", "bi" }, { "${NAME#\"b\"}", "ivy" }, { "${NAME#b", NULL },
		{ "${A/X/-}", "a-bXc" }, { "${A//X/-}", "a-b-c" }, { "${A//X/}", "abc" }, { "${A/x/-}", "aXbXc" }, { "${A/*X/-}", "-c" }, { "${A//?/.}", "....." },
		{ "${A//*/.}", "." }, { "${A///.}", ".a.X.b.X.c." }, { "${A//X?/_}", "a__" }, { "${FILE//\\//_}", "dir_sub_archive.tar.gz" },
		{ "${FILE/*./_}", "_gz" }, { "${A/X/$NAME}", "abivybXc" }, { "${NONE/a/b}", "" }, { "${A/X}", NULL }, { "${A/X/", NULL }, { "${A/\\q/x}", NULL },
		{ "${UMLAUT//\xc3\xbc/ue}", "fuer" }, { "${LINES//?1/_}", "_\n_" },
	};

	CHECK((struct words){ 0 }, cases);
}

static void test_kept(void **state _unused_)
{
	static const struct expansion unset[] = {
		{ "$NONE ${NONE} $NAME", "$NONE ${NONE} bivy" }, { "${NONE:-$NAME}", "${NONE:-bivy}" }, { "${NONE#a}", "${NONE#a}" }, { "${NONE:0:3}", "${NONE:0:3}" },
		{ "${NAME:0:3}", NULL }, { "${NONE/a/b}", "${NONE/a/b}" },
	};
	static const struct expansion quotes[] = { { "\"$NAME\" '$NAME' \\\"", "\"bivy\" '$NAME' \"" } };
	static const struct expansion escapes[] = { { "\\$NAME \"\\$\" \\x", "\\$NAME \"\\$\" \\x" } };
	static const struct expansion ignored[] = { { "it's \"$NAME\" \\$NAME '$NAME", "it's \"bivy\" $NAME 'bivy" } };

	CHECK(((struct words){ .keeps_unset = true }), unset);
	CHECK(((struct words){ .keeps_quotes = true }), quotes);
	CHECK(((struct words){ .keeps_quotes = true, .keeps_escapes = true }), escapes);
	CHECK(((struct words){ .ignores_quotes = true }), ignored);
}

static void test_split(void **state _unused_)
{
	static const struct {
		const char *text, *words; /* joined by '|' */
	} cases[] = {
		{ "", "" }, { "  a  b\t", "a|b" }, { "a'b c'd e", "ab cd|e" }, { "$TWO", "a|b" }, { "x$TWO-", "xa|b-" }, { "\"$TWO\"", "a  b" }, { "'' \"\" x", "x" },
		{ "a\\ b c", "a b|c" }, { "<< EOF x", "<< EOF|x" }, { "<<EOF", "<<EOF" }, { "${NONE:-a b}", "a|b" }, { "$NONE$EMPTY", "" }, { "1 2 3 4 5 6 7 8 9", "1|2|3|4|5|6|7|8|9" },
	};
	struct words words = { .escape = '\\', .environment = environment };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf joined = BUF_INIT;
		char **list;

		assert_int_equal(words_split(arena, &words, cases[i].text, &list, NULL), 0);
		buf_add_text(&joined, "");
		for (size_t k = 0; list[k]; k++)
			buf_printf(&joined, "%s%s", k ? "|" : "", list[k]);
		assert_string_equal(joined.data ? joined.data : "", cases[i].words);
	}
}

static void add_used(void *context, const char *name, bool is_set)
{
	buf_printf(context, "%s%s ", name, is_set ? "" : "?");
}

static void test_used(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct words words = { .used = add_used, .context = &names };

	assert_string_equal(expand(arena, words, "$NAME ${NONE:-$EMPTY} '$A' ${A/$B/} $1", NULL), "bivy  $A aXbXc ");
	assert_string_equal(names.data, "NAME EMPTY NONE? B? A 1? ");
}

static void test_messages(void **state _unused_)
{
	static const struct {
		const char *text, *message, *hint;
	} cases[] = {
		{ "it's", "a single quote is not closed: 'it's'", "" },
		{ "\"x", "a double quote is not closed: '\"x'", "" },
		{ "a${b", "'${' without '}': 'a${b'", "" },
		{ "${}", "a substitution without a name: '${}'", "" },
		{ "${A:=b}", "unknown modifier '=' in a substitution: '${A:=b}'", "there are :- - :+ + :? ? # ## % %% / and //" },
		{ "${NONE:?set it}", "NONE: set it", "" },
		{ "${NONE?}", "NONE: is not allowed to be unset", "" },
		{ "${EMPTY:?}", "EMPTY: is not allowed to be empty", "" },
		{ "${A#\\q}", "no such escape in a pattern: '\\q'", "" },
		{ "${A/q}", "a substitution without its second '/': '${A/q}'", "" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;

		assert_null(expand(arena, (struct words){ 0 }, cases[i].text, &err));
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static char *repeat(struct arena *arena, const char *text, size_t count)
{
	_cleanup_buf_ struct buf buf = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_add_text(&buf, text);
	return arena_strdup(arena, buf.data);
}

static void test_limits(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *deep = repeat(arena, "${x:-", WORDS_DEPTH_LIMIT), *ends = repeat(arena, "}", WORDS_DEPTH_LIMIT);
	char *big = arena_printf(arena, "BIG=%s", repeat(arena, "0123456789abcdef", 4096));
	char *list[] = { big, NULL };
	struct words words = { .escape = '\\', .environment = list };
	struct error err = ERROR_INIT;
	char *ret;

	assert_string_equal(expand(arena, (struct words){ 0 }, arena_printf(arena, "%sx%s", deep, ends), NULL), "x");
	assert_null(expand(arena, (struct words){ 0 }, arena_printf(arena, "${x:-%sx%s}", deep, ends), &err));
	assert_int_equal(words_expand(arena, &words, repeat(arena, "$BIG", 16), &ret, NULL), 0);
	assert_int_equal(words_expand(arena, &words, repeat(arena, "$BIG", 17), &ret, &err), -EINVAL);
	assert_string_equal(err.message, "variables make the text too long");
	/* What would take a backtracking matcher for ever. */
	assert_int_equal(words_expand(arena, &words, arena_printf(arena, "${BIG##%sx}", repeat(arena, "*0", 60)), &ret, NULL), 0);
	assert_int_equal(strlen(ret), 65536);
	assert_int_equal(words_expand(arena, &words, arena_printf(arena, "${BIG##%s}", repeat(arena, "*0", 600)), &ret, &err), -EINVAL);
	assert_int_equal(words_expand(arena, &words, "${BIG//?/$BIG}", &ret, &err), -EINVAL);
}

static void test_value(void **state _unused_)
{
	assert_string_equal(words_value(environment, "NAME"), "bivy");
	assert_string_equal(words_value(environment, "EMPTY"), "");
	assert_null(words_value(environment, "NAM"));
	assert_null(words_value(NULL, "NAME"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_other_escape),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
