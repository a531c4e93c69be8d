/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char sample_text[] =
	"{\"Type\":\"container\",\"Action\":\"exec_create: sh -c \\\"true\\\"\",\"Actor\":{\"ID\":\"0123\",\"Attributes\":"
	"{\"image\":\"debian\",\"name\":\"web\"}},\"scope\":\"local\",\"time\":1709208000,\"timeNano\":1709208000123456789}\n";

static void test_text(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct spec_event event = {
		.type = "container",
		.action = "exec_create: sh -c \"true\"",
		.id = "0123",
		.attributes = (struct spec_pair[]){ { (char *)"image", (char *)"debian" }, { (char *)"name", (char *)"web" } },
		.attribute_count = 2,
		.time_ns = 1709208000123456789,
	};

	(void)state;
	spec_event_encode(&event, &text);
	assert_string_equal(text.data, sample_text);
}

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_event event;

	(void)state;
	assert_int_equal(spec_event_decode(arena, sample_text, strlen(sample_text), &event, NULL), 0);
	assert_string_equal(event.type, "container");
	assert_string_equal(event.id, "0123");
	assert_int_equal(event.attribute_count, 2);
	assert_string_equal(event.attributes[1].value, "web");
	assert_true(event.time_ns == 1709208000123456789);
	spec_event_encode(&event, &again);
	assert_string_equal(again.data, sample_text);
}

static void assert_refused(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_event event = { .type = "untouched" };

	assert_true(spec_event_decode(arena, text, strlen(text), &event, &err) < 0);
	assert_string_equal(event.type, "untouched");
	assert_string_equal(err.message, message);
}

static void test_bad_events(void **state)
{
	(void)state;
	assert_refused("{\"Action\":\"die\",\"Actor\":{\"ID\":\"1\"},\"timeNano\":1}", "Type: missing");
	assert_refused("{\"Type\":\"\",\"Action\":\"die\",\"Actor\":{\"ID\":\"1\"},\"timeNano\":1}", "Type: must not be empty");
	assert_refused("{\"Type\":\"container\",\"Action\":\"\",\"Actor\":{\"ID\":\"1\"},\"timeNano\":1}", "Action: must not be empty");
	assert_refused("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":[],\"timeNano\":1}", "Actor: expected object, found array");
	assert_refused("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"\"},\"timeNano\":1}", "Actor.ID: must not be empty");
	assert_refused("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"1\"},\"timeNano\":-1}", "timeNano: is before 1970");
	assert_refused("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"1\",\"Attributes\":{\"a\":1}},\"timeNano\":1}",
		       "Actor.Attributes.a: expected string, found integer");
}

static void test_too_long(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = memory_new(SPEC_EVENT_LIMIT + 1, 1);
	struct error err = ERROR_INIT;
	struct spec_event event;

	(void)state;
	memset(text, ' ', SPEC_EVENT_LIMIT + 1);
	assert_true(spec_event_decode(arena, text, SPEC_EVENT_LIMIT + 1, &event, &err) < 0);
	assert_string_equal(err.message, "event: file too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_events),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
