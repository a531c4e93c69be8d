/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_removal.h"
#include "engine/events.h"
#include "engine/images.h"
#include "engine/image_scratch_test.h"

static char *text_of_list(struct arena *arena, const char *const *list)
{
	char *text = arena_strdup(arena, "");

	/* Of a digest the two digits that tell whose it is. */
	for (size_t i = 0; list[i]; i++)
		text = arena_printf(arena, "%s%s%.*s", text, i ? " " : "", str_starts_with(list[i], "sha256:") ? 2 : 100,
				    str_starts_with(list[i], "sha256:") ? list[i] + 7 : list[i]);
	return text;
}

static char *remove_image(struct arena *arena, const char *image, bool force, bool keep_content)
{
	const struct directories directories = sample_directories();
	const struct image_removal_request request = { &directories, image, force, keep_content };
	struct image_removal_report report;
	struct error err = ERROR_INIT;

	if (image_removal_remove(arena, &request, &report, &err) < 0)
		return arena_strdup(arena, err.message);
	return arena_printf(arena, "%s; %s", text_of_list(arena, report.untagged), text_of_list(arena, report.deleted));
}

static int note_event(void *context, const struct spec_event *event)
{
	const char *name = event->attributes[0].value;

	assert_string_equal(event->type, "image");
	buf_printf(context, "%s %.9s %s; ", event->action, event->id, str_starts_with(name, "sha256:") ? "" : name);
	return 0;
}

static void test_events(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_buf_ struct buf seen = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	const struct events_request request = { .directories = &directories, .since = "0", .until = "0s", .each = note_event, .context = &seen };
	struct error err = ERROR_INIT;

	sample_put(&store, &(struct sample){ "docker.io/library/a:1", 'a', "1", NULL, NULL });
	assert_int_equal(images_tag(&directories, "a:1", "a:2", NULL), 0);
	assert_string_equal(remove_image(arena, "a:1", false, false), "a:1; ");
	assert_string_equal(remove_image(arena, "a2", false, false), "a:2; a2 1c");
	if (events_follow(&request, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(seen.data, "tag sha256:a2 a:2; untag sha256:a2 a:1; untag sha256:a2 a:2; delete sha256:a2 ; ");
}

/* A name goes alone while another is left; content that others share stays. */
static void test_by_name(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_fill(&store);
	assert_string_equal(remove_image(arena, "debian:12", false, false), "debian:12; ");
	assert_string_equal(remove_image(arena, "debian:12", false, false), "no such image 'debian:12'");
	assert_string_equal(remove_image(arena, "localhost:5000/team/app:v1", false, false), "localhost:5000/team/app:v1; b2 3c");
	assert_string_equal(remove_image(arena, "debian", true, false), "debian:latest; a2 2c");
	assert_string_equal(remove_image(arena, "c2", false, false), "; c2 4c 1c");
	shell_expect("ls layers blobs/sha256 staging partial leases | grep -v : | tr -d '\\n'", "");
}

static void test_by_id(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_fill(&store);
	assert_string_equal(remove_image(arena, "a2", false, false), "cannot remove the image 'a2': it has several names: debian:12, debian:latest");
	assert_string_equal(remove_image(arena, "a2", true, false), "debian:12 debian:latest; a2");
	assert_string_equal(remove_image(arena, "b2", false, false), "localhost:5000/team/app:v1; b2 3c 2c");
	assert_string_equal(remove_image(arena, "sha256:c2", false, false), "; c2 4c 1c");
}

/* The digest's name, which nobody sees beside a tag, goes with the last tag. */
static void test_names_by_digest(void **state _unused_)
{
	static const char name[] = "docker.io/library/a@sha256:a1" "00000000000000000000000000000000000000000000000000000000000000";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_put(&store, &(struct sample){ name, 'a', "1", NULL, NULL });
	sample_put(&store, &(struct sample){ "docker.io/library/a:1", 'a', "1", NULL, NULL });
	sample_put(&store, &(struct sample){ "docker.io/library/a:2", 'a', "1", NULL, NULL });
	assert_string_equal(remove_image(arena, "a:1", false, false), "a:1; ");
	assert_string_equal(remove_image(arena, "a2", false, false), "a:2; a2 1c");
	sample_put(&store, &(struct sample){ name, 'a', "1", NULL, NULL });
	assert_true(str_starts_with(remove_image(arena, name, false, false), "a@sha256:a1"));
	shell_expect("ls layers blobs/sha256", "blobs/sha256:\n\nlayers:\n");
}

/* What was kept goes with the next removal that does not keep it. */
static void test_content_that_is_kept(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	sample_fill(&store);
	assert_string_equal(remove_image(arena, "c2", false, true), "; c2");
	shell_expect("ls layers | cut -c1", "1\n2\n3\n4\n");
	assert_string_equal(remove_image(arena, "debian:12", false, false), "debian:12; ");
	shell_expect("ls layers | cut -c1", "1\n2\n3\n");
}

static char *prune(struct arena *arena, bool all, const char *filter, uint64_t *ret_freed)
{
	const struct directories directories = sample_directories();
	char *filters[] = { (char *)filter, NULL };
	const struct image_prune_request request = { .directories = &directories, .filters = filters, .all = all, .debris = true };
	struct image_removal_report report;
	struct error err = ERROR_INIT;

	if (image_removal_prune(arena, &request, &report, &err) < 0)
		return arena_strdup(arena, err.message);
	*ret_freed = report.freed_bytes;
	return arena_printf(arena, "%s; %s", text_of_list(arena, report.untagged), text_of_list(arena, report.deleted));
}

static void test_prune(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	uint64_t freed = 0;

	sample_fill(&store);
	shell_run("echo half >partial/sha256:0; mkdir staging/x");
	assert_string_equal(prune(arena, false, "until=2024-01-01", &freed), "; ");
	assert_string_equal(prune(arena, false, "label=x", &freed), "; ");
	assert_string_equal(prune(arena, false, NULL, &freed), "; c2 4c");
	assert_true(freed >= 5000 && freed < 100000);
	shell_expect("ls partial staging", "partial:\n\nstaging:\n");
	assert_string_equal(prune(arena, false, NULL, &freed), "; ");
	assert_int_equal(freed, 0);
	assert_string_equal(prune(arena, true, "label=role=app", &freed), "localhost:5000/team/app:v1; b2 3c");
	assert_string_equal(prune(arena, false, "dangling=false", &freed), "debian:12 debian:latest; a2 2c 1c");
	assert_string_equal(prune(arena, true, "nonsense=1", &freed), "invalid filter 'nonsense=1'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_by_name), shell_test(test_by_id), shell_test(test_names_by_digest), shell_test(test_content_that_is_kept),
		shell_test(test_events), shell_test(test_by_id), shell_test(test_names_by_digest), shell_test(test_content_that_is_kept),
		shell_test(test_prune),
	};

	return cmocka_run_group_tests_name("engine/image_removal", tests, NULL, NULL);
}
