/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/events.h"
#include "engine/container_event.h"
#include "engine/container_scratch_test.h"
#include "engine/event_filter.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void add(const char *action, const char *name, int64_t time_ns)
{
	const struct directories directories = scratch_directories();
	struct spec_pair attributes[] = { { (char *)"name", (char *)name } };
	const struct spec_event event = { .type = "container", .action = action, .id = "0123", .attributes = attributes, .attribute_count = 1,
					  .time_ns = time_ns };

	events_add(&directories, &event);
}

struct seen {
	struct buf text;
	size_t count, enough;
};

static int note(void *context, const struct spec_event *event)
{
	struct seen *seen = context;

	buf_printf(&seen->text, "%s:%s ", event->action, event->attribute_count ? event->attributes[0].value : "");
	return ++seen->count == seen->enough ? 7 : 0;
}

static int follow(struct seen *seen, const char *since, const char *until, char **filters)
{
	const struct directories directories = scratch_directories();
	const struct events_request request = { .directories = &directories, .filters = filters, .since = since, .until = until, .each = note,
						.context = seen };
	struct error err = ERROR_INIT;
	int r = events_follow(&request, &err);

	if (r < 0)
		buf_printf(&seen->text, "%s", err.message);
	return r;
}

static void test_the_past(void **state _unused_)
{
	struct seen all = { .enough = 0 }, middle = { .enough = 0 }, first = { .enough = 1 };

	assert_int_equal(follow(&all, "0", "1s", NULL), 0);
	assert_null(all.text.data);
	add("create", "a", 1000000000);
	add("start", "a", 2000000000);
	add("die", "a", 3500000000);
	assert_int_equal(follow(&all, "0", "4", NULL), 0);
	assert_string_equal(all.text.data, "create:a start:a die:a ");
	assert_int_equal(follow(&middle, "2", "3", NULL), 0);
	assert_string_equal(middle.text.data, "start:a ");
	assert_int_equal(follow(&first, NULL, "4", NULL), 7);
	assert_string_equal(first.text.data, "create:a ");
	buf_done(&all.text);
	buf_done(&middle.text);
	buf_done(&first.text);
}

static void test_bad_requests(void **state _unused_)
{
	char *filters[] = { (char *)"contaner=x", NULL }, *empty[] = { (char *)"event=", NULL };
	struct seen seen = { .enough = 0 };

	assert_true(follow(&seen, "yesterday", NULL, NULL) < 0);
	assert_string_equal(seen.text.data, "invalid --since 'yesterday': expected a time such as 2024-05-07T12:34:56 or an age such as 24h");
	seen.text.length = 0;
	assert_true(follow(&seen, "0", "1", filters) < 0);
	assert_string_equal(seen.text.data, "invalid filter 'contaner=x'");
	seen.text.length = 0;
	assert_true(follow(&seen, "0", "1", empty) < 0);
	assert_string_equal(seen.text.data, "invalid filter 'event=': expected NAME=VALUE");
	buf_done(&seen.text);
}

/* What comes while somebody follows, through a rotation. */
static void test_the_future(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_free_ char *path = str_printf("%s/events", directories.run_root), *old = str_printf("%s.1", path);
	struct seen seen = { .enough = 3 };
	pid_t writer;
	int status;

	add("before", "a", 1);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		struct timespec now;

		usleep(20000);
		for (int i = 0; i < 3; i++) {
			clock_gettime(CLOCK_REALTIME, &now);
			add(i == 0 ? "one" : i == 1 ? "two" : "three", "a", now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
			if (i == 0 && rename(path, old) < 0)
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(follow(&seen, NULL, NULL, NULL), 7);
	assert_string_equal(seen.text.data, "one:a two:a three:a ");
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	buf_done(&seen.text);
}

static void test_the_file_is_bounded(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	char *path = arena_printf(arena, "%s/events", directories.run_root), *old = arena_printf(arena, "%s.1", path);
	char *name = arena_alloc(arena, 40001, 1);
	struct seen seen = { .enough = 0 };
	struct stat status;

	memset(name, 'x', 40000);
	for (int i = 0; i < 80; i++)
		add("start", name, i);
	add("last", "a", 80);
	assert_int_equal(stat(path, &status), 0);
	assert_in_range(status.st_size, 1, EVENTS_BYTES + 65536);
	assert_int_equal(stat(old, &status), 0);
	assert_in_range(status.st_size, EVENTS_BYTES, EVENTS_BYTES + 65536);
	assert_int_equal(follow(&seen, "0", "1", NULL), 0);
	assert_true(seen.count > 26);
	assert_string_equal(seen.text.data + seen.text.length - 7, "last:a ");
	buf_done(&seen.text);
}

static void test_what_cannot_be_read_is_passed_over(void **state _unused_)
{
	struct seen seen = { .enough = 0 };

	add("create", "a", 1);
	shell_run("printf '{\"Type\":\\n\\n' >> run/events");
	add("start", "a", 2);
	assert_int_equal(follow(&seen, "0", "1", NULL), 0);
	assert_string_equal(seen.text.data, "create:a start:a ");
	buf_done(&seen.text);
}

static void test_containers_tell_what_they_are(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	struct spec_pair labels[] = { { (char *)"name", (char *)"liar" }, { (char *)"tier", (char *)"web" } };
	struct spec_pair extra = { (char *)"exitCode", (char *)"3" };
	struct spec_container container = { .id = (char *)"0123", .name = (char *)"web",
					    .config = { .image = (char *)"debian", .labels = labels, .label_count = 2 } };

	container_event_add(&directories, &container, "die", &extra, 1);
	shell_expect("grep -o '\"Actor\":.*}},' run/events",
		     "\"Actor\":{\"ID\":\"0123\",\"Attributes\":{\"image\":\"debian\",\"name\":\"web\",\"exitCode\":\"3\",\"tier\":\"web\"}},\n");
}

static void test_filters(void **state _unused_)
{
	static const struct {
		const char *filters[3];
		bool passes;
	} cases[] = {
		{ { NULL }, true },
		{ { "container=web" }, true },
		{ { "container=0123" }, true },
		{ { "container=db" }, false },
		{ { "container=db", "container=web" }, true },
		{ { "event=exec_create" }, true },
		{ { "event=exec" }, false },
		{ { "event=die" }, false },
		{ { "type=container", "event=die" }, false },
		{ { "type=image" }, false },
		{ { "image=debian" }, true },
		{ { "image=debian:12" }, true },
		{ { "image=deb" }, false },
		{ { "label=tier" }, true },
		{ { "label=tier=web" }, true },
		{ { "label=tier=we" }, false },
		{ { "label=tier", "label=other" }, false },
		{ { "volume=web" }, false },
		{ { "scope=local" }, true },
		{ { "scope=swarm" }, false },
	};
	struct spec_pair attributes[] = { { (char *)"name", (char *)"web" }, { (char *)"image", (char *)"debian:12" }, { (char *)"tier", (char *)"web" } };
	const struct spec_event event = { .type = "container", .action = "exec_create: ls", .id = "0123456789", .attributes = attributes,
					  .attribute_count = 3 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct event_filter filter = { .terms = NULL };

		for (size_t j = 0; cases[i].filters[j]; j++)
			assert_int_equal(event_filter_add(&filter, arena, cases[i].filters[j], NULL), 0);
		if (event_filter_passes(&filter, &event) != cases[i].passes)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_the_past),
		SCRATCH_TEST(test_bad_requests),
		SCRATCH_TEST(test_the_future),
		SCRATCH_TEST(test_the_file_is_bounded),
		SCRATCH_TEST(test_what_cannot_be_read_is_passed_over),
		SCRATCH_TEST(test_containers_tell_what_they_are),
		cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
