/* SPDX-License-Identifier: Apache-2.0 */
#include "base/template.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char document[] =
	"{\"Name\":\"Web one\",\"Id\":\"0123456789ab\",\"Count\":3,\"Cold\":-2,\"Ratio\":0.5,\"On\":true,\"Off\":false,\"Nothing\":null,"
	"\"List\":[\"one\",\"two\",\"three\"],\"Labels\":{\"b\":\"2\",\"a\":\"1\"},\"Config\":{\"Labels\":null,\"Image\":\"debian\"},"
	"\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"},{\"HostPort\":\"8081\"}],\"443/tcp\":null},\"Empty\":[],\"Label\":{\"x\":\"y\"},"
	"\"Mixed\":[1,\"a\",null,{\"k\":[true]}]}";

static int run(const char *text, struct buf *out, struct error *err)
{
	static const char *const maps[] = { "Labels", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct template *template = NULL;
	struct json *tree = NULL;
	int r = json_parse(arena, document, strlen(document), &tree, err);

	assert_int_equal(r, 0);
	r = template_parse(arena, text, &template, err);
	return r < 0 ? r : template_run(template, tree, maps, out, err);
}

static void test_results(void **state _unused_)
{
	static const char *const cases[][2] = {
		/* fields and text */
		{ "plain { text }", "plain { text }" },
		{ "{{.Name}}", "Web one" },
		{ "{{ .Name }}: {{.Config.Image}}", "Web one: debian" },
		{ "{{.Count}} {{.Cold}} {{.Ratio}} {{.On}} {{.Off}}", "3 -2 0.5 true false" },
		{ "{{.Nothing}} {{.Nothing.Deeper}}", "<no value> <no value>" },
		{ "{{.List}} {{.Labels}} {{.Empty}} {{.Mixed}}", "[one two three] map[a:1 b:2] [] [1 a <no value> map[k:[true]]]" },
		{ "{{.Labels.a}} {{.Labels.missing}} {{.Config.Labels.x}}", "1 <no value> <no value>" },
		{ "{{.Label \"x\"}}|{{.Label \"none\"}}", "y|" },
		{ "{{$.Name}} {{.}}", "Web one " },
		/* trimming and comments */
		{ "a {{- \"b\" -}} \n c", "abc" },
		{ "a{{/* nothing */}}b {{- /* and less */ -}} c", "abc" },
		{ "a\n{{- if .On}} b{{end}}", "a b" },
		{ "{{-1}}", "-1" },
		/* decisions */
		{ "{{if .On}}yes{{else}}no{{end}}", "yes" },
		{ "{{if .Off}}1{{else if .Empty}}2{{else if .Count}}3{{else}}4{{end}}", "3" },
		{ "{{with .Config}}{{.Image}} {{$.Count}}{{end}}", "debian 3" },
		{ "{{with .Nothing}}x{{else}}none{{end}}", "none" },
		{ "{{with $x := .Name}}{{$x}}{{end}}", "Web one" },
		{ "{{if eq .Count 3}}three{{end}}{{if ne .Name \"x\"}} other{{end}}", "three other" },
		{ "{{eq .Config.Image \"a\" \"debian\"}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 2}} {{ge \"b\" \"a\"}}", "true true true false true" },
		{ "{{eq .Nothing nil}} {{eq .On true}} {{lt -3 .Cold}}", "true true true" },
		{ "{{and .On .Count}} {{and .Off .Broken}} {{or .Off .Empty .Count}} {{not .Off}}", "3 false 3 true" },
		{ "{{if and .On (gt (len .List) 2)}}many{{end}}", "many" },
		{ "{{.Off | or .On}}", "true" },
		/* ranges */
		{ "{{range .List}}<{{.}}>{{end}}", "<one><two><three>" },
		{ "{{range $i, $e := .List}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}", "0=one, 1=two, 2=three" },
		{ "{{range $k, $v := .Labels}}{{$k}}{{$v}} {{end}}", "a1 b2 " },
		{ "{{range .Empty}}x{{else}}none{{end}}{{range .Nothing}}x{{end}}", "none" },
		{ "{{range .List}}{{if eq . \"two\"}}{{continue}}{{end}}{{.}}{{end}}", "onethree" },
		{ "{{range .List}}{{if eq . \"two\"}}{{break}}{{end}}{{.}}{{end}}", "one" },
		{ "{{range $p, $b := .Ports}}{{$p}}:{{range $b}}{{.HostPort}};{{else}}-{{end}} {{end}}", "443/tcp:- 80/tcp:8080;8081; " },
		{ "{{$n := 0}}{{range .List}}{{$n = .}}{{end}}{{$n}}", "three" },
		{ "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		/* functions and pipes */
		{ "{{json .List}} {{json .Name}} {{json .Nothing}} {{.Labels | json}}", "[\"one\",\"two\",\"three\"] \"Web one\" null {\"b\":\"2\",\"a\":\"1\"}" },
		{ "{{join .List \", \"}}|{{join .Empty \",\"}}", "one, two, three|" },
		{ "{{upper .Name}} {{lower .Name}} {{title \"ab-cd o'x\"}}", "WEB ONE web one Ab-Cd O'x" },
		{ "{{.Name | lower | printf \"%q\"}}", "\"web one\"" },
		{ "{{split \"a:b::c\" \":\"}} {{split \"aµ\" \"\" | len}} {{len (split \"\" \":\")}} {{len (split \"\" \"\")}}", "[a b  c] 2 1 0" },
		{ "{{len .List}} {{len .Name}} {{len .Labels}} {{len .Nothing}}", "3 7 2 0" },
		{ "{{index .List 1}} {{index .Labels \"a\"}}{{index .Labels \"none\"}} {{index .Config.Labels \"x\"}}{{(index .Ports \"80/tcp\" 0).HostPort}}",
		  "two 1 8080" },
		{ "{{(index (index .Ports \"80/tcp\") 1).HostPort}}", "8081" },
		{ "{{slice .Id 0 4}} {{slice .List 1}} {{slice .List 1 2}}", "0123 [two three] [two]" },
		{ "{{truncate .Name 3}}{{truncate \"aµ\" 2}} {{pad \"x\" 2 1}}|{{pad \"\" 2 1}}|", "Weba   x ||" },
		{ "{{print 1 2 \"a\" 3}}|{{println 1 \"a\"}}|", "1 2a3|1 a\n|" },
		{ "{{printf \"%-6s|%6s|%03d|%x|%+d|%.2f|%5.1f|%v|%t|%%|%.2s\" \"ab\" \"µ\" 7 255 1 .Ratio 2 .List .On \"xyz\"}}",
		  "ab    |     µ|007|ff|+1|0.50|  2.0|[one two three]|true|%|xy" },
		{ "{{\"a\\tb\\n\\\"\\u00b5\\x41\"}}{{`raw\\t`}}", "a\tb\n\"µAraw\\t" },
		{ "{{0x10}} {{1.5}} {{true}}", "16 1.5 true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		if (run(cases[i][0], &out, &err) < 0)
			fail_msg("%s: %s", cases[i][0], err.message);
		if (str_equal(cases[i][0], "{{$.Name}} {{.}}"))
			assert_true(str_starts_with(out.data, "Web one map[Cold:-2 Config:map["));
		else
			assert_string_equal(out.data ? out.data : "", cases[i][1]);
	}
}

static void test_what_does_not_parse(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{{", "an action that does not end at character 3" },
		{ "µ{{.Name", "an action that does not end at character 9" },
		{ "{{}}", "an empty action at character 3" },
		{ "{{.Name}", "a space is missing at character 8" },
		{ "{{if .On}}x", "an {{end}} is missing at character 12" },
		{ "{{if .On}}x{{else}}y{{else}}z{{end}}", "a second else at character 27" },
		{ "x{{end}}", "an {{end}} without a beginning at character 9" },
		{ "{{else}}", "an {{else}} without a beginning at character 7" },
		{ "{{jsn .}}", "there is no function 'jsn' at character 3" },
		{ "{{$x}}", "a variable that is not declared at character 5" },
		{ "{{if true}}{{$x := 1}}{{end}}{{$x}}", "a variable that is not declared at character 34" },
		{ "{{\"abc}}", "a text that does not end at character 9" },
		{ "{{\"\\q\"}}", "a wrong escape at character 5" },
		{ "{{\"\\x00\"}}", "no character at character 7" },
		{ "{{(.Name}}", "a ')' is missing at character 9" },
		{ "{{.Name..X}}", "no name of a field at character 9" },
		{ "{{1x}}", "no number at character 3" },
		{ "{{1 2}}", "a value that is no function but has arguments at character 6" },
		{ "{{.A|}}", "something unexpected at character 6" },
		{ "{{\"a\"\"b\"}}", "a space is missing at character 6" },
		{ "{{break}}", "no range to leave at character 8" },
		{ "{{template \"x\"}}", "an action that is not supported at character 12" },
		{ "{{/* x", "a comment that does not end at character 3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(run(cases[i][0], &out, &err), -EINVAL);
		assert_string_equal(err.message, arena_printf(arena, "invalid template '%s': %s", cases[i][0], cases[i][1]));
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void test_what_cannot_be_run(void **state _unused_)
{
	static const char *const cases[][3] = {
		{ "{{.Nmae}}", "there is no field 'Nmae'", "did you mean 'Name'?" },
		{ "{{.Name.X}}", "there is no field 'X' in string", "" },
		{ "{{eq .Name 1}}", "eq: cannot compare string with integer", "" },
		{ "{{index .List 3}}", "index: there is no element 3 in a list of 3", "" },
		{ "{{index .List \"a\"}}", "index: expected a whole number, not string", "" },
		{ "{{index .Name 0}}", "index: expected a list or an object, not string", "" },
		{ "{{len .Count}}", "len: expected something with a length, not integer", "" },
		{ "{{join .Name \",\"}}", "join: expected a list, not string", "" },
		{ "{{join .List}}", "the function 'join' cannot take 1 argument", "" },
		{ "{{slice .Id 3 2}}", "slice: there is no part from 3 to 2 of 12", "" },
		{ "{{printf \"%d\"}}", "printf: there is nothing for the '%d'", "" },
		{ "{{printf \"%z\" 1}}", "printf: '%z' is not known", "" },
		{ "{{printf \"x\" 1}}", "printf: there are more arguments than '%'", "" },
		{ "{{printf \"%99999d\" 1}}", "printf: a '%' is not followed by what to print", "" },
		{ "{{.Name 1}}", "a value that is no function has arguments", "" },
		{ "{{range .Count}}{{end}}", "range: expected a list or an object, not integer", "" },
		{ "{{pad . 5000 0}}", "pad: expected a number from 0 to 4096", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(run(cases[i][0], &out, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_string_equal(err.hint, cases[i][2]);
	}
}

/* Ranges in ranges, and a text that doubles: an error, not the end of memory. */
static void test_bounds(void **state _unused_)
{
	_cleanup_buf_ struct buf steps = BUF_INIT, bytes = BUF_INIT, deep = BUF_INIT, out = BUF_INIT;
	struct error err = ERROR_INIT;

	for (int i = 0; i < 20; i++)
		buf_add_text(&steps, "{{range $.List}}");
	for (int i = 0; i < 20; i++)
		buf_add_text(&steps, "{{end}}");
	assert_int_equal(run(steps.data, &out, &err), -EINVAL);
	assert_string_equal(err.message, "the template takes too many steps");
	buf_add_text(&bytes, "{{$x := .Id}}");
	for (int i = 0; i < 30; i++)
		buf_add_text(&bytes, "{{$x = print $x $x}}");
	assert_int_equal(run(bytes.data, &out, &err), -EINVAL);
	assert_string_equal(err.message, "print: the text is too long");
	for (int i = 0; i < 100; i++)
		buf_add_text(&deep, i ? "(" : "{{");
	assert_int_equal(run(deep.data, &out, &err), -EINVAL);
	assert_non_null(strstr(err.message, "too much nesting at character"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_what_does_not_parse),
		cmocka_unit_test(test_what_cannot_be_run),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("base/template", tests, NULL, NULL);
}
