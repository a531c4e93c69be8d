/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct listing_field fields[] = { { "Name", "NAME" }, { "ID", "IMAGE ID" }, { "Labels", "LABELS" }, { NULL } };

static char *list(const char *format)
{
	static const char *const rows[][2] = { { "a", "1" }, { "a rather long náme", "2\x1b" } };
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	int r = listing_begin(&listing, fields, format, "{{.Name}}\t{{.ID}}", &err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
		listing_set(&listing, "Name", rows[i][0]);
		listing_set(&listing, "ID", rows[i][1]);
		r = listing_add_row(&listing, &err);
	}
	if (r < 0)
		return str_dup(err.message);
	listing_finish(&listing, &out);
	return buf_take(&out);
}

static void test_formats(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ NULL, "NAME                 IMAGE ID\na                    1\na rather long náme   2?\n" },
		{ "", "NAME                 IMAGE ID\na                    1\na rather long náme   2?\n" },
		{ "table", "NAME                 IMAGE ID\na                    1\na rather long náme   2?\n" },
		{ "table {{.ID}}\\t{{.Name}}", "IMAGE ID   NAME\n1          a\n2?         a rather long náme\n" },
		{ "table {{.ID}}", "IMAGE ID\n1\n2?\n" },
		{ "{{.ID}}:\\t{{.Name}}", "1:\ta\n2\x1b:\ta rather long náme\n" },
		{ "<{{.Labels}}>", "<>\n<>\n" },
		{ "json", "{\"Name\":\"a\",\"ID\":\"1\",\"Labels\":\"\"}\n{\"Name\":\"a rather long náme\",\"ID\":\"2\\u001b\",\"Labels\":\"\"}\n" },
		{ "{{.Nmae}}", "there is no field 'Nmae'" },
		{ "table {{", "invalid template '{{': an action that does not end at character 3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *out = list(cases[i][0]);

		assert_string_equal(out, cases[i][1]);
	}
}

/* What images say of themselves makes no rows or columns of its own, and does not write to the terminal. */
static void test_hostile(void **state _unused_)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(listing_begin(&listing, fields, NULL, "{{.Name}}\t{{.ID}}", &err), 0);
	listing_set(&listing, "Name", "a\nb\tc\033[m\xc2\x9b" "1m");
	listing_set(&listing, "ID", "d\n");
	assert_int_equal(listing_add_row(&listing, &err), 0);
	listing_finish(&listing, &out);
	assert_string_equal(out.data, "NAME           IMAGE ID\na b c?[m??1m   d \n");
}

static const char *text_of_name(const void *row)
{
	return row;
}

static const char *text_of_nothing(const void *row _unused_)
{
	fail_msg("asked for what is not shown");
	return NULL;
}

static const char *text_of_id(const void *row)
{
	return (const char *)row + 1;
}

/* Rows that get their place later, with the fields that are shown. */
static char *fill(const char *format, bool is_simple)
{
	const struct listing_field filled[] = {
		{ "Name", "NAME", text_of_name }, { "ID", "ID", text_of_id }, { "I", "I", is_simple ? text_of_nothing : text_of_id }, { NULL },
	};
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *first = NULL, *second = NULL;

	assert_int_equal(listing_begin(&listing, filled, format, "{{.Name}}\t{{.ID}}", NULL), 0);
	listing_fill(&listing, "ab");
	assert_int_equal(listing_render_row(&listing, &second, NULL), 0);
	listing_fill(&listing, "bc");
	assert_int_equal(listing_render_row(&listing, &first, NULL), 0);
	listing_add_rendered(&listing, first);
	listing_add_rendered(&listing, second);
	listing_finish(&listing, &out);
	return buf_take(&out);
}

static void test_only_what_is_shown_is_asked_for(void **state _unused_)
{
	static const struct {
		const char *format, *text;
		bool is_simple;
	} cases[] = {
		{ NULL, "NAME      ID\nbc        c\nab        b\n", true },
		{ "{{.ID}}", "c\nb\n", true },
		{ "x{{.ID}}-{{.Name}} {{.ID}}", "xc-bc c\nxb-ab b\n", true },
		{ "json", "{\"Name\":\"bc\",\"ID\":\"c\",\"I\":\"c\"}\n{\"Name\":\"ab\",\"ID\":\"b\",\"I\":\"b\"}\n", false },
		{ "{{ .I }}", "c\nb\n", false },
		{ "{{.Name}}{{with $}}{{.I}}{{end}}", "bcc\nabb\n", false },
		{ "{{.I}}", "c\nb\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = fill(cases[i].format, cases[i].is_simple);

		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_formats),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_only_what_is_shown_is_asked_for) };

	return cmocka_run_group_tests_name("cli/listing", tests, NULL, NULL);
}
