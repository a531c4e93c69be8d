/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_merge.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIST(...) ((char **)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

static const struct spec_execution image = {
	.user = (char *)"app",
	.working_directory = (char *)"/srv",
	.stop_signal = (char *)"SIGQUIT",
	.env = (char **)(const char *[]){ "PATH=/bin", "A=image", "B=image", NULL },
	.entrypoint = (char **)(const char *[]){ "/entry", NULL },
	.command = (char **)(const char *[]){ "serve", NULL },
	.exposed_ports = (char **)(const char *[]){ "80/tcp", NULL },
	.volumes = (char **)(const char *[]){ "/data/", "/log", NULL },
	.labels = (struct spec_pair[]){ { (char *)"role", (char *)"image" }, { (char *)"kept", (char *)"1" } },
	.label_count = 2,
	.health_check = &(struct spec_health_check){ .test = (char **)(const char *[]){ "CMD", "true", NULL }, .interval_ns = 5, .retries = 3 },
};

static char *join(struct arena *arena, char *const *list)
{
	char *text = arena_strdup(arena, "");

	if (!list)
		return NULL;
	for (; *list; list++)
		text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", *list);
	return text;
}

static void merge(struct arena *arena, const struct spec_execution *from, struct spec_container *container)
{
	struct error err = ERROR_INIT;

	if (container_merge_execution(arena, from, LIST("HOST=1", "A=host", "PATH=/host"), container, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_the_image_fills_in(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container container = { .id = NULL };

	merge(arena, &image, &container);
	assert_string_equal(join(arena, container.config.entrypoint), "/entry");
	assert_string_equal(join(arena, container.config.command), "serve");
	assert_string_equal(join(arena, container.config.env), "PATH=/bin A=image B=image");
	assert_string_equal(container.config.user, "app");
	assert_string_equal(container.config.working_directory, "/srv");
	assert_string_equal(container.config.stop_signal, "SIGQUIT");
	assert_int_equal(container.config.health_check->retries, 3);
	assert_string_equal(container.host.network_mode, "bridge");
	assert_string_equal(container.host.restart_policy, "no");
	assert_string_equal(container.host.log_driver, "local");
}

static void test_commands(void **state _unused_)
{
	const struct {
		char **entrypoint, **command;
		const char *wanted_entrypoint, *wanted_command;
	} cases[] = {
		{ NULL, (char **)(const char *[]){ "sh", NULL }, "/entry", "sh" },
		{ (char **)(const char *[]){ "/bin/e", NULL }, NULL, "/bin/e", NULL },
		{ (char **)(const char *[]){ "/bin/e", NULL }, (char **)(const char *[]){ "x", "y", NULL }, "/bin/e", "x y" },
		{ (char **)(const char *[]){ NULL }, (char **)(const char *[]){ "sh", NULL }, "", "sh" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_container container = { .config = { .entrypoint = cases[i].entrypoint, .command = cases[i].command } };

		merge(arena, &image, &container);
		assert_string_equal(join(arena, container.config.entrypoint), cases[i].wanted_entrypoint);
		if (cases[i].wanted_command)
			assert_string_equal(join(arena, container.config.command), cases[i].wanted_command);
		else
			assert_null(container.config.command);
	}
}

static void test_no_command(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container container = { .config = { .image = (char *)"scratch" } };
	struct spec_container emptied = { .config = { .image = (char *)"x", .entrypoint = LIST("") } };
	struct error err = ERROR_INIT;

	assert_true(container_merge_execution(arena, NULL, NULL, &container, &err) < 0);
	assert_string_equal(err.message, "no command given, and 'scratch' has none of its own");
	/* --entrypoint "" takes the image's command away as well. */
	assert_true(container_merge_execution(arena, &image, NULL, &emptied, &err) < 0);
}

static void test_variables(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container container = { .config = { .env = LIST("A=1", "C=3", "B", "A=2") } };
	struct spec_container without = { .config = { .unset_env = LIST("A", "HOST") }, .host = { .env_host = true } };
	struct spec_container nothing = { .config = { .unset_env_all = true } };

	merge(arena, &image, &container);
	assert_string_equal(join(arena, container.config.env), "C=3 A=2 PATH=/bin");
	merge(arena, &image, &without);
	assert_string_equal(join(arena, without.config.env), "PATH=/bin B=image");
	merge(arena, &image, &nothing);
	assert_string_equal(join(arena, nothing.config.env), "");
	without = (struct spec_container){ .host = { .env_host = true } };
	merge(arena, &image, &without);
	assert_string_equal(join(arena, without.config.env), "PATH=/bin A=image B=image HOST=1");
}

static void test_labels_and_ports(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container container = {
		.config = { .labels = (struct spec_pair[]){ { (char *)"role", (char *)"first" }, { (char *)"role", (char *)"mine" } }, .label_count = 2,
			    .exposed_ports = LIST("53/udp", "80/tcp", "53/udp") },
	};

	merge(arena, &image, &container);
	assert_int_equal(container.config.label_count, 2);
	assert_string_equal(container.config.labels[0].key, "kept");
	assert_string_equal(container.config.labels[1].value, "mine");
	assert_string_equal(join(arena, container.config.exposed_ports), "53/udp 80/tcp");
}

static void test_health(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_health_check slower = { .interval_ns = 9 }, none = { .test = LIST("NONE") };
	struct spec_container container = { .config = { .health_check = &slower, .startup_check = &slower } };
	struct spec_container off = { .config = { .no_health_check = true } }, none_too = { .config = { .health_check = &none } };

	merge(arena, &image, &container);
	assert_int_equal(container.config.health_check->interval_ns, 9);
	assert_string_equal(join(arena, container.config.health_check->test), "CMD true");
	assert_null(container.config.startup_check);
	merge(arena, &image, &off);
	assert_null(off.config.health_check);
	merge(arena, &image, &none_too);
	assert_null(none_too.config.health_check);
}

static void test_mounts_and_volumes(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_mount own = { .kind = SPEC_MOUNT_BIND, .source = (char *)"/src", .target = (char *)"/log" };
	struct spec_container_mount theirs[] = {
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"v", .target = (char *)"/log" },
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"w", .target = (char *)"/w" },
	};
	struct spec_container container = { .host = { .mounts = &own, .mount_count = 1 }, .config = { .volumes = LIST("/own", "//data//.") } };
	struct spec_container bad = { .config = { .volumes = LIST("/a/../..") } };
	struct error err = ERROR_INIT;

	merge(arena, &image, &container);
	container_merge_mounts(arena, &container, theirs, 2);
	assert_int_equal(container_merge_volumes(arena, &container, &err), 0);
	assert_int_equal(container.host.mount_count, 4);
	assert_string_equal(container.host.mounts[0].source, "/src");
	assert_string_equal(container.host.mounts[1].target, "/w");
	assert_string_equal(container.host.mounts[2].target, "/own");
	assert_string_equal(container.host.mounts[3].target, "/data");
	assert_true(container.host.mounts[3].anonymous);
	assert_true(container_merge_volumes(arena, &bad, &err) < 0);
	assert_string_equal(err.message, "invalid volume '/a/../..': expected an absolute path, and not the root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_image_fills_in),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_labels_and_ports),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_mounts_and_volumes),
	};

	return cmocka_run_group_tests_name("container_merge", tests, NULL, NULL);
}
