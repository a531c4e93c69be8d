/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/images.h"
#include "engine/container_scratch_test.h"
#include "engine/image_scratch_test.h"

/* "debian:12 debian:latest localhost:5000/team/app:v1 -" in the order of the list. */
static char *names_of(struct arena *arena, const struct images_entry *entries, size_t count)
{
	char *text = arena_strdup(arena, "");

	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s%s%s", text, i ? " " : "", entries[i].repository ? entries[i].repository : "-",
				    entries[i].tag ? ":" : "", entries[i].tag ? entries[i].tag : "");
	return text;
}

static char *list(struct arena *arena, const char *filter, const char *reference)
{
	const struct directories directories = sample_directories();
	char *filters[] = { (char *)filter, NULL };
	const struct images_list_request request = { .directories = &directories, .filters = filters, .reference = reference };
	struct images_entry *entries = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	if (images_list(arena, &request, &entries, &count, &err) < 0)
		return arena_strdup(arena, err.message);
	return names_of(arena, entries, count);
}

static void test_filters(void **state _unused_)
{
	static const char *const cases[][3] = {
		{ NULL, NULL, "localhost:5000/team/app:v1 debian:12 debian:latest -" },
		{ "dangling=true", NULL, "-" },
		{ "dangling=false", NULL, "localhost:5000/team/app:v1 debian:12 debian:latest" },
		{ "reference=debian", NULL, "debian:12 debian:latest" },
		{ "reference=debian:1*", NULL, "debian:12" },
		{ "reference=*:latest", NULL, "debian:latest" },
		{ "reference=*/*/app", NULL, "localhost:5000/team/app:v1" },
		{ "reference=*app", NULL, "" },
		{ "reference=docker.io/library/debian", NULL, "debian:12 debian:latest" },
		{ "before=localhost:5000/team/app:v1", NULL, "debian:12 debian:latest -" },
		{ "since=debian", NULL, "localhost:5000/team/app:v1" },
		{ "label=role", NULL, "localhost:5000/team/app:v1 debian:12 debian:latest" },
		{ "label=role=base", NULL, "debian:12 debian:latest" },
		{ "label=empty=", NULL, "debian:12 debian:latest" },
		{ "label!=role", NULL, "-" },
		{ "until=2024-05-02", NULL, "debian:12 debian:latest -" },
		{ "until=2024-04-01T00:00:00.5Z", NULL, "" },
		{ "until=24h", NULL, "localhost:5000/team/app:v1 debian:12 debian:latest -" },
		{ NULL, "debian:12", "debian:12" },
		{ "label=role=app", "debian", "" },
		{ "dangling=perhaps", NULL, "invalid filter 'dangling=perhaps': expected true or false" },
		{ "dangling", NULL, "invalid filter 'dangling': expected NAME=VALUE" },
		{ "lable=x", NULL, "invalid filter 'lable=x'" },
		{ "before=nothing", NULL, "no such image 'nothing'" },
		{ "until=tomorrow", NULL, "invalid filter 'until=tomorrow': expected a time such as 2024-05-07T12:34:56 or an age such as 24h" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_fill(&store);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(list(arena, cases[i][0], cases[i][1]), cases[i][2]);
}

/* The digest's name of an image with a tag is not a second image; alone it is one without a tag. */
static void test_names_by_digest(void **state _unused_)
{
	static const char name[] = "docker.io/library/debian@sha256:a1" "00000000000000000000000000000000000000000000000000000000000000";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_put(&store, &(struct sample){ name, 'a', "1", NULL, NULL });
	assert_string_equal(list(arena, NULL, NULL), "debian");
	sample_put(&store, &(struct sample){ "docker.io/library/debian:12", 'a', "1", NULL, NULL });
	assert_string_equal(list(arena, NULL, NULL), "debian:12");
}

static void test_containers_are_counted(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct spec_container of_a = { .image_id = sample_digest(arena, 'a', '2') }, of_b = { .image_id = sample_digest(arena, 'b', '2') };
	struct images_list_request request = { .directories = &directories, .counts_containers = true };
	static const size_t expected[] = { 1, 2, 2, 0 };
	struct images_entry *entries = NULL;
	size_t count = 0;

	sample_fill(&store);
	scratch_put("one", 'd', &of_a);
	scratch_put("two", 'e', &of_b);
	scratch_put("three", 'f', &of_a);
	assert_int_equal(images_list(arena, &request, &entries, &count, NULL), 0);
	assert_string_equal(names_of(arena, entries, count), "localhost:5000/team/app:v1 debian:12 debian:latest -");
	for (size_t i = 0; i < count; i++)
		assert_int_equal(entries[i].container_count, expected[i]);
}

static void test_details(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct directories directories = sample_directories();
	struct images_details details;
	struct error err = ERROR_INIT;

	sample_fill(&store);
	if (images_inspect(arena, &directories, "a2", &details, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(details.tags[0], "debian:12");
	assert_string_equal(details.tags[1], "debian:latest");
	assert_null(details.tags[2]);
	assert_string_equal(details.digests[0], arena_printf(arena, "debian@%s", sample_digest(arena, 'a', '1')));
	assert_null(details.digests[1]);
	assert_string_equal(details.config->execution.command[0], "sh");
	assert_string_equal(details.layers[0], arena_printf(arena, "%s/layers/2c%062d/diff", shell_scratch, 0));
	assert_string_equal(details.layers[1], arena_printf(arena, "%s/layers/1c%062d/diff", shell_scratch, 0));
	assert_null(details.layers[2]);
	assert_int_equal(details.entry.size, 10000);
	assert_int_equal(images_inspect(arena, &directories, "nothing", &details, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

/* An image whose blobs are gone says so, and is still listed. */
static void test_damage(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct directories directories = sample_directories();
	struct images_details details;
	struct error err = ERROR_INIT;

	sample_fill(&store);
	shell_run("rm blobs/sha256/a2* && rm -r layers/3c*");
	assert_true(images_inspect(arena, &directories, "debian", &details, &err) < 0);
	assert_true(str_starts_with(err.message, "cannot read the image 'docker.io/library/debian:latest': "));
	assert_true(images_inspect(arena, &directories, "b2", &details, &err) < 0);
	assert_true(str_starts_with(err.message, "the image 'localhost:5000/team/app:v1' is not complete: "));
	assert_string_equal(list(arena, NULL, NULL), "localhost:5000/team/app:v1 debian:12 debian:latest -");
	assert_string_equal(list(arena, "label=role=base", NULL), "");
}

static void test_history(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct directories directories = sample_directories();
	struct images_step *steps = NULL;
	size_t count = 0;

	sample_fill(&store);
	assert_int_equal(images_history(arena, &directories, "debian", &steps, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(steps[0].id, sample_digest(arena, 'a', '2'));
	assert_string_equal(steps[0].history->created_by, "COPY 2");
	assert_int_equal(steps[0].size, 5000);
	assert_int_equal(steps[0].created_s, 1704067202);
	assert_null(steps[1].id);
	assert_int_equal(steps[1].size, 5000);
	assert_true(steps[2].history->empty_layer);
	assert_int_equal(steps[2].size, 0);
	assert_int_equal(steps[2].created_s, 0);
}

static void test_tag(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct directories directories = sample_directories();
	struct error err = ERROR_INIT;

	sample_fill(&store);
	assert_int_equal(images_tag(&directories, "c2", "new", NULL), 0);
	assert_string_equal(list(arena, NULL, NULL), "localhost:5000/team/app:v1 debian:12 debian:latest new:latest");
	/* A name that another image has moves; with its last name that one stays without. */
	assert_int_equal(images_tag(&directories, "debian", "localhost:5000/team/app:v1", NULL), 0);
	assert_string_equal(list(arena, NULL, NULL), "- debian:12 debian:latest localhost:5000/team/app:v1 new:latest");
	assert_int_equal(images_tag(&directories, "nothing", "x", &err), -EINVAL);
	assert_string_equal(err.message, "no such image 'nothing'");
	assert_int_equal(images_tag(&directories, "debian", "Upper", &err), -EINVAL);
	assert_string_equal(err.message, "invalid reference 'Upper': the repository must be lower case");
	assert_int_equal(images_tag(&directories, "debian", arena_printf(arena, "x@%s", sample_digest(arena, 'a', '1')), &err), -EINVAL);
	assert_non_null(strstr(err.message, "a digest belongs to its content"));
	shell_expect("ls leases", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_filters), shell_test(test_names_by_digest), shell_test(test_containers_are_counted),
		shell_test(test_filters), shell_test(test_names_by_digest), shell_test(test_details),
		shell_test(test_damage),  shell_test(test_history),         shell_test(test_tag),
	};

	return cmocka_run_group_tests_name("engine/images", tests, NULL, NULL);
}
