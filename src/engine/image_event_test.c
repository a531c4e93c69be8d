/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_event.h"
#include "store/shell_test.h"

static int note(void *context, const struct spec_event *event)
{
	assert_string_equal(event->type, "image");
	assert_int_equal(event->attribute_count, 1);
	assert_string_equal(event->attributes[0].key, "name");
	buf_printf(context, "%s %s %s; ", event->action, event->id, event->attributes[0].value);
	return 0;
}

/* The events of all that COMMAND has reported, in docker's words. */
static void assert_events(const char *command, const struct spec_transfer_report *report, const char *expected)
{
	_cleanup_free_ char *run_root = str_printf("%s/run-%s", shell_scratch, command);
	const struct directories directories = { .root = shell_scratch, .run_root = run_root, .images = shell_scratch };
	_cleanup_buf_ struct buf seen = BUF_INIT;
	const struct events_request request = { .directories = &directories, .since = "0", .until = "0s", .each = note, .context = &seen };
	struct error err = ERROR_INIT;

	image_event_add_report(&directories, command, report);
	if (events_follow(&request, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(seen.data ? seen.data : "", expected);
}

static void test_of_reports(void **state _unused_)
{
	struct spec_transfer_image images[] = {
		{ .name = (char *)"docker.io/library/debian:12", .id = (char *)"sha256:aa", .digest = (char *)"sha256:bb" },
		{ .name = (char *)"localhost:5000/app:v1", .digest = (char *)"sha256:cc" },
	};
	const struct spec_transfer_report several = { .images = images, .image_count = ARRAY_SIZE(images) }, one = { .image = images[0] };

	assert_events("pull", &several, "pull debian:12 debian; pull localhost:5000/app:v1 localhost:5000/app; ");
	assert_events("push", &several, "push debian:12 debian; push localhost:5000/app:v1 localhost:5000/app; ");
	assert_events("load", &several, "load sha256:aa sha256:aa; load sha256:cc sha256:cc; ");
	assert_events("save", &several, "save sha256:aa sha256:aa; save sha256:cc sha256:cc; ");
	assert_events("import", &one, "import sha256:aa sha256:aa; ");
	assert_events("bootstrap", &one, "import sha256:aa sha256:aa; ");
	/* Nothing that is here. */
	assert_events("copy", &one, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_of_reports),
	};

	return cmocka_run_group_tests_name("image_event", tests, NULL, NULL);
}
