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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_formats) };

	return cmocka_run_group_tests_name("cli/listing", tests, NULL, NULL);
}
