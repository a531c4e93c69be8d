/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIST(...) ((char **)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

static void test_status(void **state _unused_)
{
	static const struct {
		struct spec_container_state state;
		const char *text;
	} cases[] = {
		{ { .status = SPEC_CONTAINER_CREATED }, "Created" },
		{ { .status = SPEC_CONTAINER_STARTING }, "Created" },
		{ { .status = SPEC_CONTAINER_RUNNING }, "Up 5 minutes" },
		{ { .status = SPEC_CONTAINER_STOPPING }, "Up 5 minutes" },
		{ { .status = SPEC_CONTAINER_PAUSED }, "Up 5 minutes (Paused)" },
		{ { .status = SPEC_CONTAINER_RUNNING, .health = { .status = SPEC_HEALTH_STARTING } }, "Up 5 minutes (health: starting)" },
		{ { .status = SPEC_CONTAINER_RUNNING, .health = { .status = SPEC_UNHEALTHY } }, "Up 5 minutes (unhealthy)" },
		{ { .status = SPEC_CONTAINER_RESTARTING, .exit_code = 1 }, "Restarting (1) About a minute ago" },
		{ { .status = SPEC_CONTAINER_EXITED }, "Exited (0) About a minute ago" },
		{ { .status = SPEC_CONTAINER_EXITED, .exit_code = 137, .signal = SIGKILL }, "Exited (137) About a minute ago" },
		{ { .status = SPEC_CONTAINER_EXITED, .exit_code = 139, .signal = SIGSEGV }, "Exited (139) About a minute ago, by SIGSEGV" },
		{ { .status = SPEC_CONTAINER_EXITED, .exit_code = 137, .signal = SIGKILL, .oom_killed = true, .oom_limit = 64 << 20 },
			"Exited (137) About a minute ago, out of memory at 64MiB" },
		{ { .status = SPEC_CONTAINER_EXITED, .exit_code = 1, .oom_killed = true }, "Exited (1) About a minute ago, out of memory" },
		{ { .status = SPEC_CONTAINER_EXITED, .oom_killed = true }, "Exited (0) About a minute ago" },
		{ { .status = SPEC_CONTAINER_REMOVING }, "Removal In Progress" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct container_entry entry = { .state = &cases[i].state, .started_s = 1000, .finished_s = 1240 };

		assert_string_equal(container_text_status(arena, &entry, 1300), cases[i].text);
	}
}

static void test_signals(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	assert_string_equal(container_text_signal(arena, 9), "SIGKILL");
	assert_string_equal(container_text_signal(arena, 35), "signal 35");
	assert_string_equal(container_text_signal(arena, -1), "signal -1");
}

static void test_command(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container nothing = { .id = NULL }, small = { .config = { .entrypoint = LIST("/e"), .command = LIST("a\nb") } };
	struct spec_container large = { .config = { .command = LIST("sh", "-c", "a \xc3\xa9\xc3\xa9\xc3\xa9 long, long command") } };
	struct spec_container exact = { .config = { .command = LIST("12345678901234567890") } };

	assert_string_equal(container_text_command(arena, &nothing, false), "\"\"");
	assert_string_equal(container_text_command(arena, &small, false), "\"/e a b\"");
	assert_string_equal(container_text_command(arena, &large, false), "\"sh -c 'a \xc3\xa9\xc3\xa9\xc3\xa9 long, …\"");
	assert_string_equal(container_text_command(arena, &large, true), "\"sh -c 'a \xc3\xa9\xc3\xa9\xc3\xa9 long, long command'\"");
	assert_string_equal(container_text_words(arena, &small), "/e a\nb");
	assert_string_equal(container_text_words(arena, &nothing), "");
	assert_string_equal(container_text_command(arena, &exact, false), "\"12345678901234567890\"");
}

static void test_ports_labels_mounts(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_published_port ports[] = {
		{ .host_port = 8080, .port = 80, .count = 1, .protocol = (char *)"tcp", .address4 = (char *)"10.0.0.2", .address6 = (char *)"fd00::2" },
		{ .host_ip = (char *)"127.0.0.1", .host_port = 5000, .port = 53, .count = 2, .protocol = (char *)"udp", .address4 = (char *)"10.0.0.2" },
	};
	struct spec_pair labels[] = { { (char *)"a", (char *)"1" }, { (char *)"b", (char *)"" } };
	struct spec_container_mount mounts[] = {
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"0123456789abcdef0123" }, { .kind = SPEC_MOUNT_TMPFS }, { .source = (char *)"/srv" },
	};
	struct spec_container container = {
		.config = { .exposed_ports = LIST("80/tcp", "443/tcp"), .labels = labels, .label_count = 2 },
		.host = { .mounts = mounts, .mount_count = 3 },
	};
	struct container_entry entry = { .container = &container, .ports = ports, .port_count = 2 };

	assert_string_equal(container_text_ports(arena, &entry),
		"0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:5000-5001->53-54/udp, 443/tcp");
	assert_string_equal(container_text_labels(arena, &container), "a=1,b=");
	assert_string_equal(container_text_mounts(arena, &container, false), "0123456789abcd…,/srv");
	assert_string_equal(container_text_mounts(arena, &container, true), "0123456789abcdef0123,/srv");
	entry.port_count = 0;
	assert_string_equal(container_text_ports(arena, &entry), "80/tcp, 443/tcp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_ports_labels_mounts),
	};

	return cmocka_run_group_tests_name("container_text", tests, NULL, NULL);
}
