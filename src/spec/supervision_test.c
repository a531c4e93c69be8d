/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/supervision.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct spec_message *decode(struct arena *arena, const char *text)
{
	struct spec_message *message = NULL;
	struct error err = ERROR_INIT;

	if (spec_message_decode(arena, text, strlen(text), &message, &err) < 0)
		fail_msg("%s", err.message);
	return message;
}

static void assert_refused(const char *text, const char *words)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *message = NULL;
	struct error err = ERROR_INIT;

	assert_true(spec_message_decode(arena, text, strlen(text), &message, &err) < 0);
	assert_null(message);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, words);
}

/* In the order that we write, so that it must come back byte by byte. */
static void test_document(void **state _unused_)
{
	static const char text[] =
		"{\"id\":\"i\",\"name\":\"n\",\"runtimeRoot\":\"/run/r\",\"record\":\"/var/c\",\"lowers\":[\"/a\",\"/b\"],\"writable\":\"/w\","
		"\"userMarks\":true,\"terminal\":true,\"openStdin\":true,\"stdinOnce\":true,\"stopSignal\":15,\"stopTimeout\":-1,\"timeout\":60,"
		"\"restartPolicy\":\"on-failure\",\"restartMaximum\":3,\"restartCount\":2,\"init\":true,\"shell\":[\"/bin/sh\",\"-c\"],\"startupSuccesses\":2,\"logDriver\":\"local\","
		"\"logPath\":\"/l\",\"logOptions\":{\"max-size\":\"1m\"},\"labels\":{\"a\":\"b\"},\"imageName\":\"docker.io/library/x:1\","
		"\"exitCommand\":[\"/bin/x\",\"\"],\"transfer\":\"/t\",\"eventsPath\":\"/e\",\"idBase\":65536,\"idSize\":65536,"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":65536,\"size\":65536}],\"gidMappings\":[{\"containerID\":0,\"hostID\":65536,"
		"\"size\":65536}],\"volumes\":[{\"name\":\"data\",\"target\":\"/d\",\"propagation\":\"rslave\",\"readOnly\":true}],\"healthCheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5},\"startupCheck\":{\"Test\":[\"CMD\",\"y\"]},"
		"\"healthOnFailure\":\"restart\"}";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_supervision *supervision = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(spec_supervision_decode(arena, text, strlen(text), &supervision, &err), 0);
	assert_string_equal(supervision->lowers[1], "/b");
	assert_null(supervision->lowers[2]);
	assert_int_equal(supervision->stop_timeout_s, -1);
	assert_int_equal(supervision->uid_mappings[0].host_id, 65536);
	assert_string_equal(supervision->startup_check->test[1], "y");
	assert_int_equal(supervision->health_on_failure, SPEC_HEALTH_RESTART);
	spec_supervision_encode(supervision, &out);
	assert_string_equal(out.data, text);
}

static void test_document_faults(void **state _unused_)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "{\"runtimeRoot\":\"/r\",\"record\":\"/c\"}", "id: missing" },
		{ "{\"id\":\"i\",\"record\":\"/c\"}", "runtimeRoot: missing" },
		{ "{\"id\":\"i\",\"runtimeRoot\":\"/r\"}", "record: missing" },
		{ "{\"id\":\"i\",\"runtimeRoot\":\"/r\",\"record\":\"/c\",\"stopSignal\":65}", "stopSignal: no signal has the number 65" },
		{ "{\"healthOnFailure\":\"x\"}", "healthOnFailure: unknown word 'x'" },
		{ "[]", "supervise.json: expected object, found array" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_supervision *supervision = NULL;
		struct error err = ERROR_INIT;

		assert_true(spec_supervision_decode(arena, cases[i].text, strlen(cases[i].text), &supervision, &err) < 0);
		assert_string_equal(err.message, cases[i].words);
		assert_null(supervision);
	}
}

static void test_messages(void **state _unused_)
{
	static const char *const texts[] = {
		"{\"type\":\"request\",\"request\":\"start\"}",
		"{\"type\":\"request\",\"request\":\"attach\",\"in\":true,\"out\":true,\"width\":80,\"height\":24}",
		"{\"type\":\"request\",\"request\":\"stop\",\"signal\":2,\"timeout\":-2,\"manually\":true}",
		"{\"type\":\"request\",\"request\":\"exec\",\"out\":true,\"err\":true,\"process\":{\"args\":[\"sh\",\"\"],\"env\":[\"A=\"],"
		"\"cwd\":\"/\",\"user\":\"1:2\",\"terminal\":true,\"privileged\":true,\"preserveFds\":2,\"additionalGids\":[5,6]}}",
		"{\"type\":\"request\",\"request\":\"rename\",\"name\":\"x\"}",
		"{\"type\":\"request\",\"request\":\"update\",\"supervision\":{\"restartPolicy\":\"always\"}}",
		"{\"type\":\"reply\",\"session\":3,\"pid\":99}",
		"{\"type\":\"reply\",\"sessions\":[{\"number\":1,\"pid\":7,\"exitCode\":3,\"running\":true,\"args\":[\"a\"]}]}",
		"{\"type\":\"exit\",\"exitCode\":137,\"oomKilled\":true,\"willRestart\":true}",
		"{\"type\":\"sessionExit\",\"session\":3,\"exitCode\":127,\"error\":{\"kind\":\"not-found\",\"message\":\"m\",\"hint\":\"h\","
		"\"errno\":2,\"exitStatus\":127}}",
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;

		spec_message_encode(decode(arena, texts[i]), &out);
		assert_string_equal(out.data, texts[i]);
	}
}

/* Each word stands for one value, both ways. */
static void test_every_request(void **state _unused_)
{
	static char arg[] = "x", *args[] = { arg, NULL };
	struct spec_exec_process process = { .args = args };
	struct spec_supervision supervision = { .restart_policy = arg };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (enum spec_request request = SPEC_REQUEST_START; request <= SPEC_REQUEST_SESSIONS; request++) {
		struct spec_message message = { .request = request, .process = &process, .supervision = &supervision, .name = arg };
		_cleanup_buf_ struct buf out = BUF_INIT;

		spec_message_encode(&message, &out);
		assert_int_equal(decode(arena, out.data)->request, request);
	}
}

static void test_error(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *message = decode(arena, "{\"type\":\"error\",\"error\":{\"kind\":\"denied\",\"message\":\"a\\u001bb\","
						     "\"errno\":13,\"exitStatus\":126}}");

	assert_int_equal(message->error.kind, ERROR_DENIED);
	assert_int_equal(message->error.code, 13);
	assert_int_equal(message->error.exit_status, 126);
	assert_string_equal(message->error.message, "a?b");
	message = decode(arena, "{\"type\":\"error\",\"error\":{\"kind\":\"new\",\"message\":\"m\"}}");
	assert_int_equal(message->error.kind, ERROR_INTERNAL);
}

static void test_message_faults(void **state _unused_)
{
	assert_refused("{}", "type: missing");
	assert_refused("{\"type\":\"x\"}", "type: unknown word 'x'");
	assert_refused("{\"type\":\"request\"}", "request: missing");
	assert_refused("{\"type\":\"request\",\"request\":\"exec\"}", "process: missing");
	assert_refused("{\"type\":\"request\",\"request\":\"exec\",\"process\":{\"args\":[]}}", "process.args: there must be at least one");
	assert_refused("{\"type\":\"request\",\"request\":\"exec\",\"process\":{\"args\":[\"a\"],\"preserveFds\":17}}",
		       "process.preserveFds: expected 0 to 16");
	assert_refused("{\"type\":\"request\",\"request\":\"kill\",\"signal\":-1}", "signal: no signal has the number -1");
	assert_refused("{\"type\":\"request\",\"request\":\"rename\"}", "name: missing");
	assert_refused("{\"type\":\"request\",\"request\":\"update\"}", "supervision: missing");
	assert_refused("{\"type\":\"error\"}", "error: missing");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document), cmocka_unit_test(test_document_faults), cmocka_unit_test(test_messages),
		cmocka_unit_test(test_every_request), cmocka_unit_test(test_error), cmocka_unit_test(test_message_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
