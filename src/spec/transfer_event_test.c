/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/transfer_event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What is encoded is decoded as it was, and the other way round. */
static void test_round_trip(void **state _unused_)
{
	static const char *const lines[] = {
		"{\"kind\":\"status\",\"text\":\"latest: pulling\"}\n",
		"{\"kind\":\"warning\",\"text\":\"so and so\"}\n",
		"{\"kind\":\"item\",\"item\":\"0123456789ab\",\"phase\":\"downloading\",\"current\":5,\"total\":18446744073709551615}\n",
		"{\"kind\":\"item\",\"item\":\"0123456789ab\",\"phase\":\"mounted\",\"current\":0,\"total\":0,\"detail\":\"a/b\"}\n",
		"{\"kind\":\"error\",\"code\":\"denied\",\"errno\":13,\"message\":\"cannot pull 'a': no\",\"hint\":\"log in\"}\n",
		"{\"kind\":\"error\",\"code\":\"not-found\",\"errno\":0,\"message\":\"x\"}\n",
		"{\"kind\":\"report\",\"report\":{\"a\":[1,null,\"x\"]}}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct spec_transfer_event event = { 0 };

		assert_int_equal(spec_transfer_event_decode(arena, lines[i], strlen(lines[i]), &event, NULL), 0);
		spec_transfer_event_encode(&event, &out);
		assert_string_equal(out.data, lines[i]);
	}
}

static void test_error_is_as_it_was(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ERROR }, back;

	error_errno(&event.error, ENOSPC, "cannot write '%s'", "a\"b");
	error_hint(&event.error, "make room");
	spec_transfer_event_encode(&event, &out);
	assert_int_equal(spec_transfer_event_decode(arena, out.data, out.length, &back, NULL), 0);
	assert_int_equal(back.error.kind, event.error.kind);
	assert_int_equal(back.error.code, ENOSPC);
	assert_string_equal(back.error.message, "cannot write 'a\"b': no space left on device");
	assert_string_equal(back.error.hint, "make room");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "kind: missing" },
		{ "{\"kind\":\"song\"}", "unknown kind of event 'song'" },
		{ "{\"kind\":\"status\"}", "text: missing" },
		{ "{\"kind\":\"item\",\"phase\":\"waiting\"}", "item: missing" },
		{ "{\"kind\":\"item\",\"item\":\"a\",\"phase\":\"dancing\"}", "phase: unknown phase 'dancing'" },
		{ "{\"kind\":\"error\",\"code\":\"denied\"}", "message: missing" },
		{ "{\"kind\":\"report\"}", "report: missing" },
		{ "", "event: line 1, column 1: expected a value, found the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_transfer_event event = { 0 };
		struct error err = ERROR_INIT;

		assert_int_equal(spec_transfer_event_decode(arena, cases[i][0], strlen(cases[i][0]), &event, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
	}
}

/* A code of a later version is an error all the same. */
static void test_unknown_code(void **state _unused_)
{
	static const char line[] = "{\"kind\":\"error\",\"code\":\"tired\",\"message\":\"x\",\"mood\":3}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_event event = { 0 };

	assert_int_equal(spec_transfer_event_decode(arena, line, strlen(line), &event, NULL), 0);
	assert_int_equal(event.error.kind, ERROR_INTERNAL);
}

static void test_control_characters(void **state _unused_)
{
	static const char line[] = "{\"kind\":\"warning\",\"text\":\"a\\u001b[2Jb\\nc\\u007f\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_event event = { 0 };

	assert_int_equal(spec_transfer_event_decode(arena, line, strlen(line), &event, NULL), 0);
	assert_string_equal(event.text, "a?[2Jb?c?");
}

static void test_phases(void **state _unused_)
{
	for (int i = 0; i < SPEC_TRANSFER_PHASES; i++)
		assert_non_null(spec_transfer_phase_word((enum spec_transfer_phase)i));
	assert_false(spec_transfer_phase_is_final(SPEC_TRANSFER_UPLOADING));
	assert_true(spec_transfer_phase_is_final(SPEC_TRANSFER_EXISTS));
	assert_true(spec_transfer_phase_is_final(SPEC_TRANSFER_SKIPPED));
}

/* Lines come in pieces of any size; a bad one does not hide the next. */
static void test_lines(void **state _unused_)
{
	static const char text[] = "{\"kind\":\"status\",\"text\":\"a\"}\nnonsense\n{\"kind\":\"status\",\"text\":\"b\"}\n{\"kind\":";

	for (size_t piece = 1; piece <= sizeof text; piece++) {
		_cleanup_spec_transfer_events_ struct spec_transfer_events events = SPEC_TRANSFER_EVENTS_INIT;
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf seen = BUF_INIT;

		for (size_t i = 0; i < sizeof text - 1; i += piece) {
			size_t left = sizeof text - 1 - i;
			struct spec_transfer_event event;
			int r;

			assert_int_equal(spec_transfer_events_add(&events, text + i, left < piece ? left : piece, NULL), 0);
			while ((r = spec_transfer_events_next(&events, arena, &event, NULL)) != 0)
				buf_add_text(&seen, r < 0 ? "!" : event.text);
		}
		assert_string_equal(seen.data, "a!b");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_error_is_as_it_was),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_code),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
