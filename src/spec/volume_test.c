/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "spec/config.h"
#include "spec/volume.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char sample_text[] =
	"{\"CreatedAt\":\"2024-05-07T12:34:56Z\",\"Driver\":\"local\",\"Labels\":{\"a\":\"b\"},\"Name\":\"data\",\"Options\":{\"device\":\"tmpfs\","
	"\"o\":\"size=1m\",\"type\":\"tmpfs\"},\"Size\":1048576,\"Project\":7,\"HasImage\":true,\"ReadOnly\":true,\"Origin\":\"other\"}";

static struct spec_volume *decode(struct arena *arena, const char *text)
{
	struct spec_volume *volume = NULL;
	struct error err = ERROR_INIT;

	if (spec_volume_decode(arena, text, strlen(text), &volume, &err) < 0)
		fail_msg("%s", err.message);
	return volume;
}

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct spec_volume *volume = decode(arena, sample_text);

	(void)state;
	assert_string_equal(volume->name, "data");
	assert_string_equal(spec_volume_option(volume, "type"), "tmpfs");
	assert_null(spec_volume_option(volume, "x"));
	assert_int_equal(volume->project, 7);
	spec_volume_encode(volume, &again);
	assert_string_equal(again.data, sample_text);
}

/* Records of before there were options. */
static void test_short(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_volume *volume = decode(arena, "{\"Name\":\"data\",\"Driver\":\"local\",\"CreatedAt\":\"x\",\"Anonymous\":true}");

	(void)state;
	assert_true(volume->anonymous);
	assert_int_equal(volume->option_count + volume->label_count, 0);
}

static void test_inspect(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	(void)state;
	json_write_open(&w, NULL, '{');
	spec_volume_write_inspect(&w, &(const struct spec_volume){ .name = (char *)"data", .created = (char *)"now" }, "/v/data/_data");
	json_write_close(&w, '}');
	assert_string_equal(text.data, "{\"CreatedAt\":\"now\",\"Driver\":\"local\",\"Labels\":null,\"Mountpoint\":\"/v/data/_data\",\"Name\":\"data\","
		"\"Options\":null,\"Scope\":\"local\",\"Anonymous\":false,\"ReadOnly\":false}");
}

static void assert_refused(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_volume *volume = NULL;
	struct error err = ERROR_INIT;

	assert_true(spec_volume_decode(arena, text, strlen(text), &volume, &err) < 0);
	assert_null(volume);
	assert_string_equal(err.message, message);
}

static void test_bad(void **state)
{
	(void)state;
	assert_refused("{}", "Name: missing");
	assert_refused("{\"Name\":\"x\",\"Size\":-1}", "Size: -1 is out of range (0 to 18446744073709551615)");
	assert_refused("{\"Name\":\"x\",\"Options\":{\"o\":1}}", "Options.o: expected string, found integer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}
