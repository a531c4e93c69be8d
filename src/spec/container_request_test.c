/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container_request.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct spec_container container;
	struct error err;
};

static int make(void **state)
{
	struct fixture *fixture = memory_new(1, sizeof *fixture);

	fixture->arena = arena_new();
	*state = fixture;
	return 0;
}

static int drop(void **state)
{
	struct fixture *fixture = *state;

	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

static int decode(struct fixture *fixture, const char *text)
{
	fixture->err = ERROR_INIT;
	return spec_container_request_decode(fixture->arena, text, strlen(text), &fixture->container, &fixture->err);
}

static void test_empty_null_and_missing_are_one(void **state)
{
	struct fixture *fixture = *state;
	static const char *const bodies[] = {
		"{\"Image\":\"a\"}",
		"{\"Image\":\"a\",\"Cmd\":null,\"Entrypoint\":null,\"Env\":null,\"HostConfig\":null,\"NetworkingConfig\":null,\"Healthcheck\":null}",
		"{\"Image\":\"a\",\"Cmd\":[],\"Entrypoint\":[],\"User\":\"\",\"Labels\":{},\"HostConfig\":{\"Binds\":null,\"Tmpfs\":null,\"Mounts\":[],"
		"\"NetworkMode\":\"default\",\"RestartPolicy\":{\"Name\":\"\"},\"LogConfig\":{\"Type\":\"\",\"Config\":{}},\"PortBindings\":{},\"Devices\":[],"
		"\"DeviceRequests\":null,\"MemorySwappiness\":-1,\"PidsLimit\":0,\"OomScoreAdj\":0,\"MaskedPaths\":null,\"Runtime\":\"\",\"VolumeDriver\":\"\"},"
		"\"NetworkingConfig\":{\"EndpointsConfig\":{}}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		assert_int_equal(decode(fixture, bodies[i]), 0);
		assert_null(fixture->container.config.command);
		assert_null(fixture->container.config.entrypoint);
		assert_null(fixture->container.host.network_mode);
		assert_null(fixture->container.host.log_driver);
		assert_null(fixture->container.host.runtime);
		assert_int_equal(fixture->container.host.mount_count, 0);
		assert_int_equal(fixture->container.host.endpoint_count, 0);
		assert_false(fixture->container.host.has_memory_swappiness || fixture->container.host.has_pids_limit || fixture->container.host.has_oom_score);
	}
}

static void test_commands(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(decode(fixture, "{\"Image\":\"a\",\"Cmd\":\"ls -l\",\"Entrypoint\":[\"\"],\"Env\":[\"A=1\",\"B\",\"C=\"]}"), 0);
	assert_string_equal(fixture->container.config.command[0], "ls -l");
	assert_null(fixture->container.config.command[1]);
	assert_non_null(fixture->container.config.entrypoint);
	assert_null(fixture->container.config.entrypoint[0]);
	assert_string_equal(fixture->container.config.env[1], "C=");
	assert_null(fixture->container.config.env[2]);
	assert_string_equal(fixture->container.config.unset_env[0], "B");
	assert_int_equal(decode(fixture, "{\"Image\":\"a\",\"Healthcheck\":{\"Test\":[\"NONE\"]}}"), 0);
	assert_true(fixture->container.config.no_health_check);
	assert_int_equal(decode(fixture, "{\"Image\":\"a\",\"HostConfig\":{\"Runtime\":\"runc\",\"VolumeDriver\":\"nfs\"}}"), 0);
	assert_string_equal(fixture->container.host.runtime, "runc");
	assert_true(decode(fixture, "{\"WorkingDir\":\"x\"}") < 0);
	assert_string_equal(fixture->err.message, "the working directory 'x' is invalid, it needs to be an absolute path");
}

static void test_mounts(void **state)
{
	struct fixture *fixture = *state;
	const struct spec_container_mount *mounts;

	assert_int_equal(decode(fixture, "{\"HostConfig\":{\"Binds\":[\"/a:/b:ro\",\"vol:/c\"],\"Tmpfs\":{\"/t\":\"size=1m\"},\"Mounts\":["
		"{\"Type\":\"bind\",\"Source\":\"/s/../x\",\"Target\":\"/d/\",\"ReadOnly\":true,\"BindOptions\":{\"ReadOnlyNonRecursive\":true}},"
		"{\"Type\":\"volume\",\"Target\":\"/e\",\"Anonymous\":true}]}}"), 0);
	mounts = fixture->container.host.mounts;
	assert_int_equal(fixture->container.host.mount_count, 5);
	assert_string_equal(mounts[0].source, "/x");
	assert_string_equal(mounts[0].target, "/d");
	assert_true(mounts[0].read_only && !mounts[0].recursive_read_only);
	assert_true(mounts[1].kind == SPEC_MOUNT_VOLUME && mounts[1].anonymous);
	assert_true(mounts[2].kind == SPEC_MOUNT_BIND && mounts[2].recursive_read_only && mounts[2].create_source);
	assert_true(mounts[3].kind == SPEC_MOUNT_VOLUME && !mounts[3].anonymous);
	assert_int_equal(mounts[4].tmpfs_size, 1 << 20);
	assert_true(decode(fixture, "{\"HostConfig\":{\"Binds\":[\"/a:/b\",\"/c:/b\"]}}") < 0);
	assert_string_equal(fixture->err.message, "Duplicate mount point: /b");
	assert_true(decode(fixture, "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"x\",\"Target\":\"/b\"}]}}") < 0);
	assert_true(decode(fixture, "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"../x\",\"Target\":\"/b\"}]}}") < 0);
}

static void test_networks(void **state)
{
	struct fixture *fixture = *state;
	const struct spec_host_config *host = &fixture->container.host;

	assert_int_equal(decode(fixture, "{\"MacAddress\":\"02:00:00:00:00:01\",\"HostConfig\":{\"NetworkMode\":\"n\",\"Links\":[\"x:y\"]},\"NetworkingConfig\":"
		"{\"EndpointsConfig\":{\"m\":{},\"n\":{\"Aliases\":[\"z\"]}}}}"), 0);
	assert_int_equal(host->endpoint_count, 2);
	assert_string_equal(host->network_mode, "n");
	assert_string_equal(host->endpoints[0].network, "n");
	assert_string_equal(host->endpoints[0].aliases[0], "z");
	assert_string_equal(host->endpoints[0].links[0], "x:y");
	assert_string_equal(host->endpoints[0].mac, "02:00:00:00:00:01");
	assert_string_equal(host->endpoints[1].network, "m");
	assert_int_equal(decode(fixture, "{\"HostConfig\":{\"NetworkMode\":\"none\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"none\":{}}}}"), 0);
	assert_string_equal(host->network_mode, "none");
	assert_int_equal(host->endpoint_count, 0);
	assert_int_equal(decode(fixture, "{\"HostConfig\":{\"NetworkMode\":\"n\"}}"), 0);
	assert_int_equal(host->endpoint_count, 1);
	assert_int_equal(decode(fixture, "{\"NetworkDisabled\":true}"), 0);
	assert_string_equal(host->network_mode, "none");
}

static void test_what_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *body, *message;
	} cases[] = {
		{ "{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"often\"}}}",
		  "invalid restart policy: unknown policy 'often'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'" },
		{ "{\"HostConfig\":{\"AutoRemove\":true,\"RestartPolicy\":{\"Name\":\"always\"}}}", "can't create 'AutoRemove' container with restart policy" },
		{ "{\"HostConfig\":{\"Runtime\":\"kata\"}}", "unknown or invalid runtime name: kata" },
		{ "{\"HostConfig\":{\"LogConfig\":{\"Type\":\"syslog\"}}}", "error looking up logging plugin syslog: plugin \"syslog\" not found" },
		{ "{\"HostConfig\":{\"VolumeDriver\":\"nfs\",\"Binds\":[\"vol:/v\"]}}", "error looking up volume plugin nfs: plugin \"nfs\" not found" },
		{ "{\"HostConfig\":{\"DeviceRequests\":[{\"Count\":-1}]}}", "could not select device driver: devices are given by path alone" },
		{ "{\"HostConfig\":7}", "HostConfig: expected object, found integer" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(decode(fixture, cases[i].body) < 0);
		assert_string_equal(fixture->err.message, cases[i].message);
	}
	assert_true(decode(fixture, "[]") < 0);
	assert_true(decode(fixture, "{") < 0);
}

static void test_what_only_a_record_may_say_is_passed_over(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(decode(fixture, "{\"Secrets\":[\"/etc/shadow\"],\"HostConfig\":{\"PreserveFDs\":9,\"EnvHost\":true,\"Mounts\":[{\"Type\":\"image\","
		"\"Source\":\"i\",\"Target\":\"/i\",\"ImageOptions\":{\"ID\":\"sha256:1\",\"TopLayer\":\"x\"}}]}}"), 0);
	assert_null(fixture->container.config.secrets);
	assert_int_equal(fixture->container.host.preserve_fds, 0);
	assert_false(fixture->container.host.env_host);
	assert_null(fixture->container.host.mounts[0].image_top_layer);
}

static void test_paths_of_the_kernel(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(decode(fixture, "{\"HostConfig\":{\"MaskedPaths\":[],\"ReadonlyPaths\":[],\"SecurityOpt\":[\"a=b\"]}}"), 0);
	assert_string_equal(fixture->container.host.security_options[0], "a=b");
	assert_string_equal(fixture->container.host.security_options[1], "systempaths=unconfined");
	assert_int_equal(decode(fixture, "{\"HostConfig\":{\"MaskedPaths\":[\"/x\"]}}"), 0);
	assert_string_equal(fixture->container.host.security_options[0], "mask=/x");
}

static void test_changes(void **state)
{
	struct fixture *fixture = *state;
	static const char body[] = "{\"Memory\":1024,\"NanoCpus\":5,\"PidsLimit\":null,\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}}";
	struct spec_host_config changes;

	assert_int_equal(spec_container_changes_decode(fixture->arena, body, strlen(body), &changes, NULL), 0);
	assert_int_equal(changes.memory, 1024);
	assert_int_equal(changes.nano_cpus, 5);
	assert_int_equal(changes.restart_maximum, 3);
	assert_false(changes.has_pids_limit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_null_and_missing_are_one), TEST(test_commands), TEST(test_mounts), TEST(test_networks), TEST(test_what_is_refused),
		TEST(test_what_only_a_record_may_say_is_passed_over), TEST(test_paths_of_the_kernel), TEST(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
