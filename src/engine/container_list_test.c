/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_scratch_test.h"
#include "engine/container_size.h"
#include "engine/container_filter.h"
#include "engine/containers.h"

#define LIST(...) ((char **)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

/* Four containers, from the oldest: "db" runs, "web" has exited with 3, "job" was never started, "old" has exited with 0. */
static int fill(void)
{
	const struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .pid = 7, .started = (char *)"2024-01-01T00:01:00Z",
						      .health = { .status = SPEC_HEALTHY } };
	struct spec_container_state exited = { .status = SPEC_CONTAINER_EXITED, .exit_code = 3, .started = (char *)"2024-01-02T00:00:00Z",
					       .finished = (char *)"2024-01-02T00:01:00Z" };
	struct spec_pair label = { (char *)"tier", (char *)"front" };
	struct spec_container_mount mount = { .kind = SPEC_MOUNT_VOLUME, .source = (char *)"data", .target = (char *)"/var/lib/data" };
	struct spec_container_port port = { .port = (char *)"80", .protocol = (char *)"tcp", .host_port = (char *)"8080" };
	struct spec_container db = { .created = (char *)"2024-01-01T00:00:00Z", .config = { .image = (char *)"postgres" },
				     .image_name = (char *)"docker.io/library/postgres:latest",
				     .host = { .mounts = &mount, .mount_count = 1, .network_mode = (char *)"none" } };
	struct spec_container web = { .created = (char *)"2024-01-02T00:00:00.5Z", .config = { .image = (char *)"nginx:1", .labels = &label, .label_count = 1,
				      .exposed_ports = LIST("443/tcp") },
				      .host = { .ports = &port, .port_count = 1, .network_mode = (char *)"host" } };
	struct spec_container job = { .created = (char *)"2024-01-03T00:00:00Z", .config = { .image = (char *)"busybox" } };
	struct spec_container old = { .created = (char *)"2023-01-01T00:00:00Z", .config = { .image = (char *)"busybox" } };

	scratch_put("db", 'd', &db);
	scratch_put("web", 'a', &web);
	scratch_put("job", 'b', &job);
	scratch_put("old", 'c', &old);
	scratch_put_state('a', &exited, false);
	exited.exit_code = 0;
	scratch_put_state('c', &exited, false);
	scratch_put_state('d', &running, true);
	return scratch_supervise('d');
}

static int show_name(void *context, const struct container_entry *entry, const char **ret, struct error *err _unused_)
{
	*ret = arena_strdup(context, entry->container->name);
	return 0;
}

static char *list(struct arena *arena, struct container_list_request request)
{
	const struct directories directories = scratch_directories();
	const char **names = NULL;
	struct error err = ERROR_INIT;
	char *text = arena_strdup(arena, "");
	size_t count = 0;

	request.directories = &directories;
	request.show = show_name;
	request.context = arena;
	if (container_list(arena, &request, &names, &count, &err) < 0)
		return arena_strdup(arena, err.message);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", names[i]);
	return text;
}

static void test_which_and_in_which_order(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int lock;

	assert_string_equal(list(arena, (struct container_list_request){ .all = true }), "");
	lock = fill();
	assert_string_equal(list(arena, (struct container_list_request){ .all = false }), "db");
	assert_string_equal(list(arena, (struct container_list_request){ .all = true }), "job web db old");
	assert_string_equal(list(arena, (struct container_list_request){ .last = 2 }), "job web");
	assert_string_equal(list(arena, (struct container_list_request){ .last = 9 }), "job web db old");
	close(lock);
	assert_string_equal(list(arena, (struct container_list_request){ .all = false }), "");
}

static void test_filters(void **state _unused_)
{
	static const struct {
		const char *filters[3], *names;
	} cases[] = {
		{ { "status=exited" }, "web old" },
		{ { "status=created" }, "job" },
		{ { "status=running", "status=exited" }, "web db old" },
		{ { "exited=3" }, "web" },
		{ { "name=^d" }, "db" },
		{ { "name=/db" }, "db" },
		{ { "name=^/w", "name=o" }, "job web old" },
		{ { "id=a0" }, "web" },
		{ { "label=tier" }, "web" },
		{ { "label=tier=front" }, "web" },
		{ { "label=tier=back" }, "" },
		{ { "label!=tier" }, "job db old" },
		{ { "health=healthy" }, "db" },
		{ { "health=none" }, "job web old" },
		{ { "before=web" }, "db old" },
		{ { "since=db" }, "job web" },
		{ { "until=2024-01-01T12:00:00" }, "db old" },
		{ { "ancestor=postgres" }, "db" },
		{ { "ancestor=docker.io/library/postgres:latest" }, "db" },
		{ { "ancestor=busybox" }, "job old" },
		{ { "network=host" }, "web" },
		{ { "volume=data" }, "db" },
		{ { "volume=/var/lib/data" }, "db" },
		{ { "volume=/var" }, "" },
		{ { "publish=8080" }, "web" },
		{ { "publish=80" }, "" },
		{ { "publish=8070-8090/tcp" }, "web" },
		{ { "publish=8080/udp" }, "" },
		{ { "publish=443" }, "" },
		{ { "expose=443" }, "web" },
		{ { "is-task=true" }, "" },
		{ { "pod=x" }, "" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	int lock = fill();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *found = list(arena, (struct container_list_request){ .all = true, .filters = (char **)cases[i].filters });

		if (!str_equal(found, cases[i].names))
			fail_msg("%s: '%s', not '%s'", cases[i].filters[0], found, cases[i].names);
	}
	/* Asking for a state asks for those that do not run. */
	assert_string_equal(list(arena, (struct container_list_request){ .filters = LIST("status=exited") }), "web old");
	assert_string_equal(list(arena, (struct container_list_request){ .filters = LIST("name=o") }), "");
	close(lock);
}

static void test_bad_filters(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "stat=exited", "invalid filter 'stat=exited'" },
		{ "status", "invalid filter 'status': expected NAME=VALUE" },
		{ "status=", "invalid filter 'status=': expected NAME=VALUE" },
		{ "status=up", "invalid filter 'status=up': expected created, running, paused, restarting, removing, exited or dead" },
		{ "exited=x", "invalid filter 'exited=x': expected an exit code" },
		{ "health=ill", "invalid filter 'health=ill': expected starting, healthy, unhealthy or none" },
		{ "name=(", "invalid filter 'name=(': expected a regular expression" },
		{ "until=soon", "invalid filter 'until=soon': expected a time such as 2024-05-07T12:34:56 or an age such as 24h" },
		{ "since=nobody", "no such container 'nobody'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_string_equal(list(arena, (struct container_list_request){ .filters = LIST(cases[i][0]) }), cases[i][1]);
	}
}

static int show_size(void *context _unused_, const struct container_entry *entry, const char **ret, struct error *err _unused_)
{
	assert_true(entry->has_size);
	assert_int_equal(entry->size_rw, 5000 + 3 + (1 << 20));
	assert_int_equal(entry->size_root, entry->size_rw);
	assert_int_equal(entry->finished_s - entry->started_s, 60);
	*ret = "web";
	return 0;
}

static void test_sizes(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	const struct container_list_request request = { .directories = &directories, .all = true, .size = true, .filters = LIST("name=web"),
							.show = show_size };
	_cleanup_arena_ struct arena *arena = arena_new();
	const char **shown = NULL;
	uint64_t disk = 0;
	size_t count = 0;
	int lock = fill();

	shell_run("cd containers/a*; mkdir -p root/upper/d; head -c 5000 /dev/zero > root/upper/d/f; ln -s abc root/upper/l; truncate -s 1M root/upper/s");
	assert_int_equal(container_list(arena, &request, &shown, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(shown[0], "web");
	assert_int_equal(container_disk_usage(arena_printf(arena, "%s/containers/nothing", directories.root), &disk), 0);
	assert_int_equal(disk, 0);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_which_and_in_which_order),
		SCRATCH_TEST(test_filters),
		SCRATCH_TEST(test_bad_filters),
		SCRATCH_TEST(test_sizes),
	};

	return cmocka_run_group_tests_name("container_list", tests, NULL, NULL);
}
