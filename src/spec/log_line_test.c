/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"
#include "spec/log_line.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TIME INT64_C(1715085296789000000)

static void assert_encodes(const struct spec_log_record *record, const char *attributes, const char *expected)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	spec_log_line_encode(record, attributes, &out);
	assert_string_equal(out.data, expected);
}

/* The form is docker's, and other programs read it. */
static void test_encode(void **state _unused_)
{
	assert_encodes(&(struct spec_log_record){ 1, false, TIME, "a\t\"b\"", 5 }, NULL,
		"{\"log\":\"a\\t\\\"b\\\"\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-07T12:34:56.789Z\"}\n");
	assert_encodes(&(struct spec_log_record){ 2, true, TIME, "", 0 }, "{\"tag\":\"x\"}",
		"{\"log\":\"\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"x\"},\"time\":\"2024-05-07T12:34:56.789Z\"}\n");
	assert_encodes(&(struct spec_log_record){ 1, true, TIME, "\xff\0\xc3\xa4", 4 }, NULL,
		"{\"log\":\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\",\"stream\":\"stdout\",\"time\":\"2024-05-07T12:34:56.789Z\"}\n");
}

static void test_round_trip(void **state _unused_)
{
	static const struct spec_log_record records[] = {
		{ 1, false, TIME, "hello", 5 }, { 2, true, TIME + 1, "hello", 5 }, { 1, false, 0, "", 0 }, { 2, true, 5, "a\n", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf line = BUF_INIT;
		struct spec_log_record found;

		spec_log_line_encode(&records[i], NULL, &line);
		/* A text that ends with a newline is a line: nobody else writes such a piece. */
		assert_int_equal(spec_log_line_decode(arena, line.data, line.length, &found, NULL), 0);
		assert_int_equal(found.stream, records[i].stream);
		assert_int_equal(found.time_ns, records[i].time_ns);
		assert_int_equal(found.partial, i == 1);
		assert_int_equal(found.length, i == 3 ? 1 : records[i].length);
		assert_memory_equal(found.text, records[i].text, found.length);
	}
}

static void assert_attributes(const struct spec_log_record *record, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < record->attribute_count; i++)
		buf_printf(&text, "%s=%s;", record->attributes[i].key, record->attributes[i].value);
	assert_string_equal(text.data, expected);
}

static void test_attributes(void **state _unused_)
{
	static const char line[] = "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"x\",\"tier\":\"f\"},\"time\":\"2024-05-07T12:34:56Z\"}";
	static const char entry[] = "{\"MESSAGE\":\"hi\",\"PRIORITY\":\"6\",\"__REALTIME_TIMESTAMP\":\"1715085296789000\",\"_PID\":\"5\",\"TIER\":\"f\","
				    "\"CONTAINER_NAME\":\"web\",\"SYSLOG_IDENTIFIER\":\"web\",\"IMAGE_NAME\":\"i\",\"LANG\":\"C\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_log_record record;

	assert_int_equal(spec_log_line_decode(arena, line, strlen(line), &record, NULL), 0);
	assert_attributes(&record, "tag=x;tier=f;");
	assert_int_equal(spec_log_line_decode_journal(arena, entry, strlen(entry), &record, NULL), 0);
	assert_attributes(&record, "TIER=f;LANG=C;");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "line of a log: line 1, column 1: expected a value, found the end" },
		{ "{}", "log: missing" },
		{ "{\"log\":1,\"stream\":\"stdout\",\"time\":\"2024-05-07T12:34:56Z\"}", "log: expected string, found integer" },
		{ "{\"log\":\"\",\"stream\":\"stdout\"}", "time: missing" },
		{ "{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"now\"}", "time: 'now' is no time" },
		{ "{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"9999-05-07T12:34:56Z\"}", "time: '9999-05-07T12:34:56Z' is no time" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_log_record record;
		struct error err = ERROR_INIT;

		assert_true(spec_log_line_decode(arena, cases[i][0], strlen(cases[i][0]), &record, &err) < 0);
		assert_string_equal(err.message, cases[i][1]);
	}
}

static void test_journal(void **state _unused_)
{
	static const struct {
		const char *line;
		struct spec_log_record record;
	} cases[] = {
		{ "{\"MESSAGE\":\"hi\",\"PRIORITY\":\"6\",\"__REALTIME_TIMESTAMP\":\"1715085296789000\"}", { 1, false, TIME, "hi", 2 } },
		{ "{\"MESSAGE\":[104,0,255],\"PRIORITY\":\"3\",\"CONTAINER_PARTIAL_MESSAGE\":\"true\",\"CONTAINER_TIME_NS\":\"1715085296789000000\"}",
			{ 2, true, TIME, "h\0\xff", 3 } },
		{ "{\"MESSAGE\":null,\"__REALTIME_TIMESTAMP\":\"1\"}", { 1, false, 1000, "", 0 } },
	};
	static const char *const wrong[] = { "{\"MESSAGE\":\"\"}", "{\"MESSAGE\":[256],\"__REALTIME_TIMESTAMP\":\"1\"}",
		"{\"MESSAGE\":1,\"__REALTIME_TIMESTAMP\":\"1\"}", "{\"MESSAGE\":\"\",\"__REALTIME_TIMESTAMP\":\"9223372036854775807\"}" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_log_record found;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_log_record *expected = &cases[i].record;

		assert_int_equal(spec_log_line_decode_journal(arena, cases[i].line, strlen(cases[i].line), &found, NULL), 0);
		assert_int_equal(found.stream, expected->stream);
		assert_int_equal(found.partial, expected->partial);
		assert_int_equal(found.time_ns, expected->time_ns);
		assert_int_equal(found.length, expected->length);
		assert_memory_equal(found.text, expected->text, found.length);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(spec_log_line_decode_journal(arena, wrong[i], strlen(wrong[i]), &found, NULL) < 0);
}

static void test_names(void **state _unused_)
{
	static const struct {
		const char *name;
		int64_t age;
		bool is_compressed;
	} cases[] = {
		{ "ab-json.log", 0, false }, { "ab-json.log.1", 1, false }, { "ab-json.log.12.gz", 12, true }, { "ab-json.log.0", -1, false },
		{ "ab-json.log.01", -1, false }, { "ab-json.log.x", -1, false }, { "ab-json.log.1.gz.gz", -1, false }, { "ab-json.log.gz", -1, false },
		{ "abc-json.log", -1, false }, { "ab-json.logs", -1, false }, { "a", -1, false }, { "ab-json.log.-1", -1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool is_compressed;

		assert_int_equal(spec_log_line_age("ab", cases[i].name, &is_compressed), cases[i].age);
		if (cases[i].age >= 0)
			assert_int_equal(is_compressed, cases[i].is_compressed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("spec/log_line", tests, NULL, NULL);
}
