/* SPDX-License-Identifier: Apache-2.0 */
/* What is told goes to a call whose other end the test has, behind the head of the reply. */
#include "api/build_stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

struct scene {
	struct arena *arena;
	struct api_call call;
	struct api_progress progress;
	struct build_report report;
	struct api_build_stream stream;
	struct dockerfile *dockerfile;
	int reader;
	bool has_head;
};

static void begin(struct scene *scene, const char *text)
{
	struct dockerfile_mark mark;
	int pair[2];

	*scene = (struct scene){ .arena = arena_new() };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	scene->reader = pair[1];
	scene->call = (struct api_call){ .arena = scene->arena, .target = { .minor = 50 }, .socket = pair[0] };
	scene->progress = API_PROGRESS_INIT(&scene->call, API_PROGRESS_PULL);
	scene->stream = (struct api_build_stream){ .progress = &scene->progress, .report = &scene->report };
	assert_int_equal(dockerfile_parse(scene->arena, "Dockerfile", text, strlen(text), &scene->dockerfile, &mark, NULL), 0);
}

static void end(struct scene *scene)
{
	api_build_stream_done(&scene->stream);
	api_progress_done(&scene->progress);
	close(scene->call.socket);
	close(scene->reader);
	arena_free(scene->arena);
}

/* What was told since: a document a line. */
static void expect(struct scene *scene, const char *wanted)
{
	char text[8192];
	size_t length = 0;
	ssize_t n;

	while ((n = read(scene->reader, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)n;
	if (!scene->has_head && length > 0) {
		int head = spec_http_reply_length((const unsigned char *)text);

		assert_true(head > 0 && SPEC_HTTP_PREFIX + (size_t)head <= length);
		length -= SPEC_HTTP_PREFIX + (size_t)head;
		memmove(text, text + SPEC_HTTP_PREFIX + head, length);
		scene->has_head = true;
	}
	text[length] = '\0';
	assert_string_equal(text, wanted);
}

static void plan(struct scene *scene, size_t vertex, unsigned line, const char *title)
{
	const struct build_event event = { .kind = BUILD_PLANNED, .vertex = vertex, .title = title, .mark = { .line = line } };

	api_build_stream_tell(&scene->stream, &event);
}

static void tell(struct scene *scene, enum build_event_kind kind, size_t vertex)
{
	api_build_stream_tell(&scene->stream, &(struct build_event){ .kind = kind, .vertex = vertex });
}

static void log_text(struct scene *scene, size_t vertex, const char *text, bool is_error)
{
	api_build_stream_tell(&scene->stream, &(struct build_event){ .kind = BUILD_LOG, .vertex = vertex, .text = text, .length = strlen(text), .is_error_stream = is_error });
}

#define STEPS "FROM a\nARG X\nRUN one\nRUN two\n"

/* The image is found, the Dockerfile is known, and each RUN has a vertex. */
static void begin_steps(struct scene *scene)
{
	begin(scene, STEPS);
	plan(scene, 0, 1, "[internal] load metadata for a");
	tell(scene, BUILD_STARTED, 0);
	tell(scene, BUILD_DONE, 0);
	scene->report.dockerfile = scene->dockerfile;
	plan(scene, 1, 3, "[2/3] RUN one");
	plan(scene, 2, 4, "[3/3] RUN two");
}

/* What a later instruction writes waits until it is its turn; lines are told whole. */
static void test_order(void **state _unused_)
{
	struct scene scene;

	begin_steps(&scene);
	expect(&scene, "");
	tell(&scene, BUILD_STARTED, 2);
	log_text(&scene, 2, "late\n", false);
	expect(&scene, "{\"stream\":\"Step 1/4 : FROM a\"}\n{\"stream\":\"\\n\"}\n"
		       "{\"stream\":\"Step 2/4 : ARG X\"}\n{\"stream\":\"\\n\"}\n");
	tell(&scene, BUILD_STARTED, 1);
	log_text(&scene, 1, "ear", false);
	expect(&scene, "{\"stream\":\"Step 3/4 : RUN one\"}\n{\"stream\":\"\\n\"}\n");
	log_text(&scene, 1, "ly\nno end", false);
	expect(&scene, "{\"stream\":\"early\\n\"}\n");
	tell(&scene, BUILD_DONE, 1);
	expect(&scene, "{\"stream\":\"no end\"}\n{\"stream\":\"Step 4/4 : RUN two\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\"late\\n\"}\n");
	log_text(&scene, 2, "oops\n", true);
	tell(&scene, BUILD_DONE, 2);
	expect(&scene, "{\"stream\":\"\\u001b[91moops\\n\\u001b[0m\"}\n");
	api_build_stream_end(&scene.stream, false);
	expect(&scene, "");
	end(&scene);
}

static void test_cache(void **state _unused_)
{
	struct scene scene;

	begin_steps(&scene);
	tell(&scene, BUILD_CACHED, 1);
	tell(&scene, BUILD_CACHED, 2);
	expect(&scene, "{\"stream\":\"Step 1/4 : FROM a\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\"Step 2/4 : ARG X\"}\n{\"stream\":\"\\n\"}\n"
		       "{\"stream\":\"Step 3/4 : RUN one\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\" ---> Using cache\\n\"}\n"
		       "{\"stream\":\"Step 4/4 : RUN two\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\" ---> Using cache\\n\"}\n");
	end(&scene);
}

/* A step that fails is the last that is told of. */
static void test_failure(void **state _unused_)
{
	struct scene scene;

	begin_steps(&scene);
	tell(&scene, BUILD_STARTED, 1);
	log_text(&scene, 1, "why", false);
	tell(&scene, BUILD_FAILED, 1);
	tell(&scene, BUILD_CANCELED, 2);
	api_build_stream_end(&scene.stream, true);
	expect(&scene, "{\"stream\":\"Step 1/4 : FROM a\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\"Step 2/4 : ARG X\"}\n{\"stream\":\"\\n\"}\n"
		       "{\"stream\":\"Step 3/4 : RUN one\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\"why\"}\n");
	end(&scene);
}

/* Before anything was done nothing is told of a build that fails; a vertex that was never planned is nobody's. */
static void test_nothing(void **state _unused_)
{
	struct scene scene;

	begin(&scene, STEPS);
	scene.report.dockerfile = scene.dockerfile;
	tell(&scene, BUILD_STARTED, 7);
	log_text(&scene, 7, "nobody\n", false);
	api_build_stream_end(&scene.stream, true);
	expect(&scene, "");
	end(&scene);
}

/* Steps are those up to the end of the stage that is built. */
static void test_target(void **state _unused_)
{
	struct scene scene;

	begin(&scene, "FROM a AS one\nRUN x\nFROM b\nRUN y\n");
	scene.stream.target = "ONE";
	plan(&scene, 0, 2, "[one 2/2] RUN x");
	scene.report.dockerfile = scene.dockerfile;
	tell(&scene, BUILD_CACHED, 0);
	expect(&scene, "{\"stream\":\"Step 1/2 : FROM a AS one\"}\n{\"stream\":\"\\n\"}\n"
		       "{\"stream\":\"Step 2/2 : RUN x\"}\n{\"stream\":\"\\n\"}\n{\"stream\":\" ---> Using cache\\n\"}\n");
	end(&scene);
}

static void test_quiet(void **state _unused_)
{
	struct scene scene;

	begin_steps(&scene);
	scene.stream.is_quiet = true;
	tell(&scene, BUILD_CACHED, 1);
	tell(&scene, BUILD_CACHED, 2);
	api_build_stream_end(&scene.stream, false);
	expect(&scene, "");
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
