/* SPDX-License-Identifier: Apache-2.0 */
/* Images as long as containers need them: what is removed, and what is not. */
#include "engine/container_users.h"
#include "engine/container_scratch_test.h"
#include "engine/image_removal.h"
#include "engine/image_scratch_test.h"
#include "engine/image_usage.h"

/* "app" of layers 1, 2, 3, and "base" of layer 4; a container of each key in USERS was made of "app". */
static void fill(const char *users)
{
	static const struct sample samples[] = { { "docker.io/library/app:latest", 'a', "123", NULL, NULL }, { "docker.io/library/base:latest", 'b', "4", NULL, NULL } };
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	struct spec_container container = { .image_id = sample_digest(arena, 'a', '2'), .image_manifest = sample_digest(arena, 'a', '1'),
					    .image_top_layer = sample_digest(arena, '3', 'c') };

	assert_int_equal(store_open(directories.images, &store, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		sample_put(&store, &samples[i]);
	for (; *users; users++)
		scratch_put(arena_printf(arena, "c%c", *users), *users, &container);
}

static char *remove_image(struct arena *arena, const char *image, bool force)
{
	const struct directories directories = scratch_directories();
	const struct image_removal_request request = { .directories = &directories, .image = image, .force = force };
	struct image_removal_report report;
	struct error err = ERROR_INIT;
	char *text = arena_strdup(arena, "");

	if (image_removal_remove(arena, &request, &report, &err) < 0)
		return arena_printf(arena, "%s; %s", err.message, err.hint);
	for (const char **digest = report.deleted; *digest; digest++)
		text = arena_printf(arena, "%s%s%.9s", text, *text ? " " : "", *digest);
	return text;
}

static void assert_layers(const char *wanted)
{
	shell_expect("ls images/layers | cut -c1 | tr -d '\\n'", wanted);
}

static void test_an_image_in_use_is_not_removed(void **state _unused_)
{
	const struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .started = (char *)"2024-01-01T00:00:00Z" };
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *id;
	int lock;

	fill("d");
	id = sample_digest(arena, 'a', '2');
	assert_string_equal(remove_image(arena, "app", false),
			    "cannot remove the image 'app': the container 'cd' (d00000000000) uses it; remove that first, or use --force");
	assert_string_equal(remove_image(arena, "base", false), "sha256:b2 sha256:4c");
	scratch_put_state('d', &running, true);
	lock = scratch_supervise('d');
	assert_string_equal(remove_image(arena, id, true),
			    arena_printf(arena, "cannot remove the image '%s': the running container 'cd' (d00000000000) uses it; remove that first", id));
	close(lock);
	/* The name goes, what the container consists of stays. */
	assert_string_equal(remove_image(arena, "app", true), "sha256:a2");
	assert_layers("123");
	assert_non_null(strstr(remove_image(arena, "app", false), "no such image"));
	assert_layers("123");
	shell_run("rm -r containers/d*");
	fill("");
	assert_string_equal(remove_image(arena, "app", false), "sha256:a2 sha256:3c sha256:2c sha256:1c");
	assert_layers("4");
}

static void test_prune_leaves_what_containers_need(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	const struct image_prune_request request = { .directories = &directories, .all = true };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image_removal_report report;

	fill("de");
	assert_int_equal(image_removal_prune(arena, &request, &report, NULL), 0);
	assert_string_equal(report.untagged[0], "base:latest");
	assert_null(report.untagged[1]);
	assert_layers("123");
}

/* Who cannot be asked might need anything. */
static void test_a_damaged_record_stops_removals(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	fill("d");
	shell_run("for f in containers/d*/container.json; do echo '{' > \"$f\"; done");
	assert_non_null(strstr(remove_image(arena, "app", true), "cannot tell what the container 'd00000000000' needs"));
	assert_layers("1234");
}

static void count_layers(void *context, const char *digest _unused_, bool is_layer)
{
	*(size_t *)context += is_layer;
}

static void test_what_nothing_needs_is_swept(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t found = 0;

	fill("d");
	remove_image(arena, "app", true);
	/* Nobody names it, but the container needs it. */
	assert_int_equal(image_removal_sweep(&directories, false, count_layers, &found, NULL), 0);
	assert_int_equal(found, 0);
	assert_layers("1234");
	shell_run("rm -r containers/d*");
	assert_int_equal(image_removal_sweep(&directories, true, count_layers, &found, NULL), 0);
	assert_int_equal(found, 3);
	assert_layers("1234");
	assert_int_equal(image_removal_sweep(&directories, false, count_layers, &found, NULL), 0);
	assert_int_equal(found, 6);
	assert_layers("4");
}

static void test_usage(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image_usage_report report;

	fill("de");
	assert_int_equal(image_usage_measure(arena, &directories, true, &report, NULL), 0);
	assert_int_equal(report.images, 2);
	assert_int_equal(report.active_images, 1);
	assert_int_equal(report.each[0].containers + report.each[1].containers, 2);
	assert_int_equal(report.orphan_bytes, 0);
	remove_image(arena, "app", true);
	assert_int_equal(image_usage_measure(arena, &directories, false, &report, NULL), 0);
	assert_int_equal(report.images, 1);
	assert_int_equal(report.active_images, 0);
	assert_int_equal(report.orphan_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_an_image_in_use_is_not_removed),
		SCRATCH_TEST(test_prune_leaves_what_containers_need),
		SCRATCH_TEST(test_a_damaged_record_stops_removals),
		SCRATCH_TEST(test_what_nothing_needs_is_swept),
		SCRATCH_TEST(test_usage),
	};

	return cmocka_run_group_tests_name("container_users", tests, NULL, NULL);
}
