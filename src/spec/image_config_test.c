/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX32 HEX32
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]}"

static struct spec_image_config *decode(struct arena *arena, const char *text)
{
	struct spec_image_config *config = NULL;
	struct error err = ERROR_INIT;

	if (spec_image_config_decode(arena, text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

static void assert_written(const struct spec_image_config *config, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	spec_image_config_encode(config, &out);
	assert_string_equal(out.data, text);
}

/* In the order that we write, so that it must come back byte by byte. */
static void test_everything(void **state _unused_)
{
	static const char text[] =
		"{\"created\":\"2024-05-01T12:00:00.5Z\",\"author\":\"A <a@b>\",\"architecture\":\"arm\",\"variant\":\"v7\",\"os\":\"linux\","
		"\"os.version\":\"1\",\"os.features\":[\"f\"],\"config\":{\"User\":\"1000:1000\",\"Entrypoint\":[\"/e\"],\"Cmd\":[\"a\",\"\"],"
		"\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,\"Shell\":[\"/bin/sh\",\"-c\"],\"OnBuild\":[\"RUN x\"],"
		"\"Env\":[\"PATH=/bin\",\"E=\"],\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Volumes\":{\"/v\":{}},\"Labels\":{\"l\":\"m\"},"
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":1000000000,\"Timeout\":2,\"StartPeriod\":3,\"StartInterval\":4,\"Retries\":5,"
		"\"New\":1},\"ArgsEscaped\":true,\"Domainname\":\"d\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},\"history\":["
		"{\"created\":\"2024-05-01T12:00:00Z\",\"author\":\"B\",\"created_by\":\"ADD x\",\"comment\":\"c\"},"
		"{\"created_by\":\"CMD y\",\"empty_layer\":true}],\"docker_version\":\"20\",\"container_config\":{\"Hostname\":\"h\"}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_image_config *config = decode(arena, text);
	const struct spec_execution *execution = &config->execution;

	assert_string_equal(config->created, "2024-05-01T12:00:00.5Z");
	assert_string_equal(config->platform.variant, "v7");
	assert_string_equal(config->platform.os_version, "1");
	assert_int_equal(config->diff_id_count, 1);
	assert_string_equal(config->diff_ids[0], DIGEST);
	assert_null(config->diff_ids[1]);
	assert_string_equal(execution->user, "1000:1000");
	assert_string_equal(execution->exposed_ports[1], "53/udp");
	assert_string_equal(execution->volumes[0], "/v");
	assert_null(execution->volumes[1]);
	assert_string_equal(execution->command[1], "");
	assert_string_equal(execution->labels[0].value, "m");
	assert_true(execution->has_stop_timeout);
	assert_true(execution->health_check->interval_ns == 1000000000);
	assert_int_equal(execution->health_check->retries, 5);
	assert_int_equal(config->history_count, 2);
	assert_string_equal(config->history[0].created_by, "ADD x");
	assert_true(config->history[1].empty_layer);
	assert_written(config, text);
}

/* A member that was changed is written anew, those that are unknown stay. */
static void test_change(void **state _unused_)
{
	static char user[] = "nobody";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_image_config *config = decode(arena, "{\"id\":\"x\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Hostname\":\"h\","
							 "\"User\":\"root\",\"Env\":[\"A=1\"],\"Cmd\":null}," ROOTFS "}");

	config->execution.user = user;
	config->execution.env = NULL;
	assert_written(config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"nobody\",\"Hostname\":\"h\"}," ROOTFS
			       ",\"id\":\"x\"}");
}

static void test_small(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_image_config *config = decode(arena, "{\"rootfs\":{\"diff_ids\":[]},\"config\":null,\"history\":null,\"os\":\"\"}");

	assert_int_equal(config->diff_id_count, 0);
	assert_null(config->diff_ids[0]);
	assert_null(config->platform.os);
	assert_null(config->execution.env);
	assert_written(config, "{\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
}

/* Steps of a build hold whole scripts. */
static void test_long_texts(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t length = 1u << 20;
	_cleanup_free_ char *script = memory_new(length + 1, 1);

	memset(script, 'x', length);
	buf_printf(&text, "{\"config\":{\"Labels\":{\"s\":\"%s\"}}," ROOTFS ",\"history\":[{\"created_by\":\"%s\"}]}", script, script);
	assert_int_equal(strlen(decode(arena, text.data)->history[0].created_by), length);
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{}", "rootfs: missing" },
		{ "{\"rootfs\":{}}", "rootfs.diff_ids: missing" },
		{ "{\"rootfs\":{\"type\":\"x\",\"diff_ids\":[]}}", "rootfs.type: 'x' is not \"layers\"" },
		{ "{\"rootfs\":{\"diff_ids\":[\"../../x\"]}}", "rootfs.diff_ids[0]: '../../x' is no digest" },
		{ "{\"config\":{\"Env\":\"x\"}," ROOTFS "}", "config.Env: expected array, found string" },
		{ "{\"config\":{\"Volumes\":[]}," ROOTFS "}", "config.Volumes: expected object, found array" },
		{ "{\"config\":{\"Healthcheck\":{\"Interval\":1.5}}," ROOTFS "}", "config.Healthcheck.Interval: expected integer, found number" },
		{ "{" ROOTFS ",\"history\":[{\"empty_layer\":1}]}", "history[0].empty_layer: expected boolean, found integer" },
		{ "{" ROOTFS ",\"history\":[{\"created_by\":1}]}", "history[0].created_by: expected string, found integer" },
		{ "x", "image configuration: line 1, column 1: expected a value, found 'x'" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_image_config *config = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(spec_image_config_decode(arena, cases[i][0], strlen(cases[i][0]), &config, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_change),  cmocka_unit_test(test_small),
		cmocka_unit_test(test_long_texts), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
