/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_refused(const char *text, enum error_kind kind, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_state *record = NULL;

	assert_true(spec_state_decode(arena, text, strlen(text), &record, &err) < 0);
	assert_null(record);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.message, message);
}

static const struct spec_state sample = {
	.id = (char *)"web",
	.bundle = (char *)"/b \"quoted\"",
	.rootfs = (char *)"/b/rootfs",
	.created = (char *)"2024-02-29T12:00:00.123456789Z",
	.owner = 4294967294u,
	.init_pid = 4194303,
	.init_start = UINT64_MAX,
	.rootless = true,
	.user_namespace = true,
	.groups = (struct spec_state_group[]){
		{ .hierarchy = (char *)"/sys/fs/cgroup/memory", .path = (char *)"/web", .made = true },
		{ .hierarchy = (char *)"/sys/fs/cgroup/unified", .path = (char *)"/" },
	},
	.group_count = 2,
	.namespaces = (char *[]){ (char *)"pid=/proc/7/ns/pid", NULL },
	.annotations = (struct spec_pair[]){ { (char *)"a.b", (char *)"line\nline" }, { (char *)"c", (char *)"" } },
	.annotation_count = 2,
};

static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT, again = BUF_INIT;
	struct spec_state *record = NULL;

	(void)state;
	spec_state_encode(&sample, &text);
	assert_int_equal(spec_state_decode(arena, text.data, text.length, &record, NULL), 0);
	assert_string_equal(record->id, "web");
	assert_string_equal(record->bundle, sample.bundle);
	assert_string_equal(record->created, sample.created);
	assert_int_equal(record->owner, sample.owner);
	assert_int_equal(record->init_pid, sample.init_pid);
	assert_true(record->init_start == UINT64_MAX);
	assert_true(record->rootless);
	assert_false(record->no_new_keyring);
	assert_int_equal(record->group_count, 2);
	assert_string_equal(record->groups[1].hierarchy, "/sys/fs/cgroup/unified");
	assert_true(record->groups[0].made);
	assert_false(record->groups[1].made);
	assert_null(record->intel_rdt_path);
	assert_false(record->intel_rdt_made);
	assert_string_equal(record->namespaces[0], "pid=/proc/7/ns/pid");
	assert_null(record->namespaces[1]);
	assert_string_equal(record->annotations[0].value, "line\nline");
	spec_state_encode(record, &again);
	assert_string_equal(again.data, text.data);
}

/* What a record of this format looks like on disk: a change here needs a new SPEC_STATE_FORMAT, or only adds. */
static void test_text(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	spec_state_encode(&sample, &text);
	assert_string_equal(text.data,
			    "{\"format\":1,\"id\":\"web\",\"bundle\":\"/b \\\"quoted\\\"\",\"rootfs\":\"/b/rootfs\","
			    "\"created\":\"2024-02-29T12:00:00.123456789Z\",\"owner\":4294967294,\"initPid\":4194303,"
			    "\"initStart\":18446744073709551615,\"rootless\":true,\"noNewKeyring\":false,\"userNamespace\":true,\"intelRdtMade\":false,"
			    "\"namespaces\":[\"pid=/proc/7/ns/pid\"],"
			    "\"groups\":[{\"hierarchy\":\"/sys/fs/cgroup/memory\",\"path\":\"/web\",\"made\":true},"
			    "{\"hierarchy\":\"/sys/fs/cgroup/unified\",\"path\":\"/\",\"made\":false}],"
			    "\"annotations\":{\"a.b\":\"line\\nline\",\"c\":\"\"}}\n");
}

static void test_unknown_members_are_passed_over(void **state)
{
	static const char text[] = "{\"format\":1,\"id\":\"a\",\"bundle\":\"/b\",\"later\":{\"x\":[1]},\"groups\":[]}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_state *record = NULL;

	(void)state;
	assert_int_equal(spec_state_decode(arena, text, strlen(text), &record, NULL), 0);
	assert_string_equal(record->bundle, "/b");
	assert_int_equal(record->group_count, 0);
}

static void test_bad_records(void **state)
{
	(void)state;
	assert_refused("", ERROR_INVALID, "state.json: line 1, column 1: expected a value, found the end");
	assert_refused("[]", ERROR_INVALID, "state.json: expected object, found array");
	assert_refused("{\"id\":\"a\",\"bundle\":\"/b\"}", ERROR_INVALID, "format: missing");
	assert_refused("{\"format\":2,\"id\":5}", ERROR_UNSUPPORTED,
		       "state.json has format 2 of a newer version, this one reads up to 1");
	assert_refused("{\"format\":\"1\"}", ERROR_INVALID, "format: expected integer, found string");
	assert_refused("{\"format\":1,\"bundle\":\"/b\"}", ERROR_INVALID, "id: missing");
	assert_refused("{\"format\":1,\"id\":\"\",\"bundle\":\"/b\"}", ERROR_INVALID, "id: must not be empty");
	assert_refused("{\"format\":1,\"id\":\"a\"}", ERROR_INVALID, "bundle: missing");
	assert_refused("{\"format\":1,\"id\":\"a\",\"bundle\":\"/b\",\"initStart\":-1}", ERROR_INVALID,
		       "initStart: -1 is out of range (0 to 18446744073709551615)");
	assert_refused("{\"format\":1,\"id\":\"a\",\"bundle\":\"/b\",\"groups\":[{\"hierarchy\":\"/x\"}]}", ERROR_INVALID,
		       "groups[0].path: missing");
	assert_refused("{\"format\":1,\"id\":\"a\",\"bundle\":\"/b\",\"annotations\":{\"k\":1}}", ERROR_INVALID,
		       "annotations.k: expected string, found integer");
}

static void test_oci_state(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };
	struct spec_pair annotation = { (char *)"myKey", (char *)"myValue" };
	struct spec_oci_state running = {
		.id = "oci-container1", .status = "running", .bundle = "/containers/redis", .pid = 4422,
		.annotations = &annotation, .annotation_count = 1,
	};
	struct spec_oci_state stopped = { .id = "c", .status = "stopped", .bundle = "/b" };

	(void)state;
	spec_oci_state_write(&w, NULL, &running);
	assert_string_equal(out.data, "{\"ociVersion\":\"1.3.0\",\"id\":\"oci-container1\",\"status\":\"running\",\"pid\":4422,"
				      "\"bundle\":\"/containers/redis\",\"annotations\":{\"myKey\":\"myValue\"}}");
	buf_done(&out);
	w = (struct json_writer){ .out = &out, .indent = 2 };
	spec_oci_state_write(&w, NULL, &stopped);
	assert_string_equal(out.data,
			    "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"c\",\n  \"status\": \"stopped\",\n  \"bundle\": \"/b\"\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_unknown_members_are_passed_over),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_oci_state),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
