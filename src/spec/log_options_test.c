/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/log_options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PAIR(name, text) { (char *)(name), (char *)(text) }

static void test_defaults(void **state _unused_)
{
	struct spec_log_options options;

	assert_int_equal(spec_log_options_read(NULL, NULL, 0, &options, NULL), 0);
	assert_int_equal(options.driver, SPEC_LOG_LOCAL);
	assert_int_equal(options.max_size, 20 << 20);
	assert_int_equal(options.max_files, 5);
	assert_true(options.compress);
	assert_int_equal(spec_log_options_read("json-file", NULL, 0, &options, NULL), 0);
	assert_int_equal(options.max_size, 20 << 20);
	assert_false(options.compress);
	for (int i = 0; i < SPEC_LOG_DRIVER_COUNT; i++) {
		assert_int_equal(spec_log_options_read(spec_log_driver_name((enum spec_log_driver)i), NULL, 0, &options, NULL), 0);
		assert_int_equal(options.driver, i);
	}
}

static void test_sizes(void **state _unused_)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
		{ "1", 1 }, { "100", 100 }, { "1b", 1 }, { "3k", 3072 }, { "3K", 3072 }, { "3kb", 3072 }, { "10m", 10 << 20 }, { "10MB", 10 << 20 },
		{ "1.5k", 1536 }, { "2g", INT64_C(2) << 30 }, { "1t", INT64_C(1) << 40 }, { "-1", 0 },
	};
	static const char *const wrong[] = { "", "k", "0", "-2", "1x", "1bb", "1kk", "1kbb", " 1", "99999999999999999999", "9999999999t" };
	struct spec_log_options options;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_pair pair = PAIR("max-size", cases[i].text);

		assert_int_equal(spec_log_options_read("local", &pair, 1, &options, NULL), 0);
		assert_int_equal(options.max_size, cases[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct spec_pair pair = PAIR("max-size", wrong[i]);

		assert_int_equal(spec_log_options_read("local", &pair, 1, &options, NULL), -EINVAL);
	}
}

static void test_given(void **state _unused_)
{
	const struct spec_pair pairs[] = { PAIR("max-file", "3"), PAIR("compress", "true"), PAIR("tag", "{{.Name}}"), PAIR("labels", "a,b"),
		PAIR("env", "LANG"), PAIR("mode", "non-blocking"), PAIR("max-buffer-size", "4m") };
	struct spec_log_options options;

	assert_int_equal(spec_log_options_read("json-file", pairs, ARRAY_SIZE(pairs), &options, NULL), 0);
	assert_int_equal(options.max_files, 3);
	assert_true(options.compress);
	assert_string_equal(options.tag, "{{.Name}}");
	assert_string_equal(options.labels, "a,b");
	assert_string_equal(options.env, "LANG");
}

static void test_refused(void **state _unused_)
{
	static const struct {
		const char *driver;
		struct spec_pair pairs[2];
		const char *message;
	} cases[] = {
		{ "syslog", { { 0 } }, "unknown log driver 'syslog'" },
		{ "local", { PAIR("max-sise", "1m") }, "log driver 'local' has no option 'max-sise'" },
		{ "local", { PAIR("tag", "x") }, "log driver 'local' has no option 'tag'" },
		{ "none", { PAIR("max-size", "1m") }, "log driver 'none' has no option 'max-size'" },
		{ "local", { PAIR("max-file", "0") }, "log option 'max-file=0': expected a number from 1 to 500" },
		{ "local", { PAIR("max-file", "x") }, "log option 'max-file=x': expected a number from 1 to 500" },
		{ "local", { PAIR("max-size", "x") }, "log option 'max-size=x': expected a size such as 10m, or -1 for no limit" },
		{ "local", { PAIR("compress", "yes") }, "log option 'compress=yes': expected true or false" },
		{ "local", { PAIR("mode", "x") }, "log option 'mode=x': expected blocking or non-blocking" },
		{ "journald", { PAIR("mode", "blocking") }, "log option 'mode=blocking': a container never waits for the log driver 'journald'" },
		{ "local", { PAIR("max-buffer-size", "1m") }, "log option 'max-buffer-size' goes with 'mode=non-blocking' only" },
		{ "journald", { PAIR("tag", "{{.Nothing}}") }, "log option 'tag={{.Nothing}}': there is no field 'Nothing'" },
		{ "local", { PAIR("max-file", "1"), PAIR("compress", "true") },
			"log option 'compress=true': there is never a file to compress with 'max-file=1'" },
		{ "json-file", { PAIR("max-size", "-1"), PAIR("compress", "true") },
			"log option 'compress=true': there is never a file to compress with 'max-size=-1'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_log_options options;
		struct error err = ERROR_INIT;
		size_t count = (cases[i].pairs[0].key != NULL) + (cases[i].pairs[1].key != NULL);

		assert_true(spec_log_options_read(cases[i].driver, cases[i].pairs, count, &options, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void test_hints(void **state _unused_)
{
	const struct spec_pair pair = PAIR("nothing", "1");
	struct spec_log_options options;
	struct error err = ERROR_INIT;

	assert_int_equal(spec_log_options_read("gelf", NULL, 0, &options, &err), -EINVAL);
	assert_string_equal(err.hint, "there are local, json-file, journald, none, passthrough");
	assert_int_equal(spec_log_options_read("local", &pair, 1, &options, &err), -EINVAL);
	assert_string_equal(err.hint, "it has max-size, max-file, compress, mode, max-buffer-size");
}

static void test_tag(void **state _unused_)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	_cleanup_buf_ struct buf tag = BUF_INIT;

	assert_int_equal(spec_log_options_make_tag("{{.Name}}/{{.ID}} {{.ImageName}}", id, "web", NULL, &tag, NULL), 0);
	assert_string_equal(tag.data, "web/0123456789ab ");
}

static void test_names(void **state _unused_)
{
	assert_true(spec_log_options_name("a,bc,d", "bc"));
	assert_true(spec_log_options_name("a", "a"));
	assert_false(spec_log_options_name("a,bc,d", "b"));
	assert_false(spec_log_options_name("", "a"));
	assert_false(spec_log_options_name(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("spec/log_options", tests, NULL, NULL);
}
