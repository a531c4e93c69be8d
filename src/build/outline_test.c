/* SPDX-License-Identifier: Apache-2.0 */
#include "build/outline.h"
#include "build/outline_scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct outline *make(struct arena *arena, struct scratch *scratch, const char *text)
{
	struct outline *outline = scratch_outline(arena, scratch, text);

	if (!outline)
		fail_msg("%s", scratch->err.message);
	return outline;
}

static void assert_needed(const struct outline *outline, const char *needed)
{
	assert_int_equal(outline->stage_count, strlen(needed));
	for (size_t i = 0; i < outline->stage_count; i++)
		if (outline->stages[i].needed != (needed[i] == '+'))
			fail_msg("stage %zu", i);
}

static const char stages[] =
	"FROM debian AS base\n"
	"FROM base AS Build\n"
	"RUN make\n"
	"FROM alpine\n"
	"COPY --from=busybox:1 /bin/sh /sh\n"
	"FROM scratch AS last\n"
	"COPY --from=build /x /x\n"
	"COPY --from=1 /y /y\n"
	"RUN --mount=from=2,target=/m --mount=type=cache,from=quay.io/a/b,target=/c x\n";

static void test_needs(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;

	scratch_begin(arena, &scratch, NULL);
	outline = make(arena, &scratch, stages);
	assert_needed(outline, "++++");
	assert_int_equal(outline->target, 3);
	assert_string_equal(outline->stages[1].name, "build");
	assert_int_equal(outline->stages[1].base.kind, ORIGIN_STAGE);
	assert_int_equal(outline->stages[1].base.stage, 0);
	assert_int_equal(outline->stages[3].base.kind, ORIGIN_SCRATCH);
	assert_int_equal(outline->stages[3].dependency_count, 2);
	assert_int_equal(outline->stages[3].dependencies[0], 1);
	assert_int_equal(outline->stages[3].dependencies[1], 2);
	assert_int_equal(outline->image_count, 4);
	assert_string_equal(outline->images[0].name, "debian");
	assert_string_equal(outline->images[1].name, "alpine");
	assert_string_equal(outline->images[2].name, "busybox:1");
	assert_string_equal(outline->images[3].name, "quay.io/a/b");
	assert_string_equal(outline->images[3].platform.architecture, "arm64");
}

static void test_targets(void **state _unused_)
{
	static const char *const cases[][3] = {
		{ "build", "++--", "1" }, { "BASE", "+---", "0" }, { "2", "--+-", "2" }, { "last", "++++", "3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct scratch scratch;
		struct outline *outline;

		scratch_begin(arena, &scratch, NULL);
		scratch.request.target = cases[i][0];
		outline = make(arena, &scratch, stages);
		assert_needed(outline, cases[i][1]);
		assert_int_equal(outline->target, cases[i][2][0] - '0');
		assert_string_equal(words_value(outline->arguments, "TARGETSTAGE"), cases[i][0]);
	}
}

static void test_arguments(void **state _unused_)
{
	static const char *const given[] = { "tag=12", "unknown=1", "HTTP_PROXY=p", "BUILDKIT_X=1", "stage=s", "none", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;

	scratch_begin(arena, &scratch, given);
	outline = make(arena, &scratch,
		"ARG name=\"de\"bian tag=11 full=${name}:$tag\nARG none\nFROM $full AS a\nARG stage\nFROM --platform=$BUILDPLATFORM ${none:-alpine}\n");
	assert_string_equal(outline->stages[0].base.name, "debian:12");
	assert_string_equal(outline->stages[0].platform.architecture, "arm64");
	assert_false(outline->stages[0].has_platform);
	assert_string_equal(outline->stages[1].base.name, "alpine");
	assert_string_equal(outline->stages[1].platform.architecture, "amd64");
	assert_string_equal(outline->stages[1].base.platform.architecture, "amd64");
	assert_true(outline->stages[1].has_platform);
	assert_string_equal(words_value(outline->arguments, "full"), "debian:12");
	assert_string_equal(words_value(outline->arguments, "TARGETPLATFORM"), "linux/arm64");
	assert_string_equal(words_value(outline->arguments, "TARGETVARIANT"), "");
	assert_string_equal(words_value(outline->arguments, "TARGETSTAGE"), "default");
	assert_null(words_value(outline->arguments, "none"));
	assert_null(words_value(outline->arguments, "stage"));
	assert_string_equal(outline->unused_arguments[0], "unknown");
	assert_null(outline->unused_arguments[1]);
	assert_string_equal(outline_argument_value(&scratch.request, "tag"), "12");
	assert_null(outline_argument_value(&scratch.request, "none"));
}

static void test_contexts(void **state _unused_)
{
	static struct spec_pair contexts[] = {
		{ (char *)"docker.io/library/debian:latest", (char *)"docker-image://local/deb:1" },
		{ (char *)"build", (char *)"../elsewhere" },
		{ (char *)"src", (char *)"https://example.org/x.git" },
		{ (char *)"empty", (char *)"docker-image://scratch" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;
	struct origin origin;

	scratch_begin(arena, &scratch, NULL);
	scratch.request.contexts = contexts;
	scratch.request.context_count = ARRAY_SIZE(contexts);
	outline = make(arena, &scratch, "FROM alpine AS build\nCOPY --from=nothing a b\nFROM debian\nCOPY --from=build a b\nCOPY --from=src a b\n");
	assert_needed(outline, "++");
	assert_true(outline->stages[0].is_replaced);
	assert_int_equal(outline->stages[0].base.kind, ORIGIN_NAMED);
	assert_string_equal(outline->stages[0].base.name, "build");
	assert_int_equal(outline->stages[1].base.kind, ORIGIN_IMAGE);
	assert_string_equal(outline->stages[1].base.name, "local/deb:1");
	assert_string_equal(outline->stages[1].base.platform.architecture, "arm64");
	assert_int_equal(outline->image_count, 1);
	assert_int_equal(outline_origin(arena, outline, &outline->stages[1], "src", &origin, NULL), 0);
	assert_int_equal(origin.kind, ORIGIN_NAMED);
	assert_int_equal(outline_origin(arena, outline, &outline->stages[1], "empty", &origin, NULL), 0);
	assert_int_equal(origin.kind, ORIGIN_SCRATCH);
	assert_int_equal(outline_origin(arena, outline, &outline->stages[1], "scratch", &origin, NULL), 0);
	assert_int_equal(origin.kind, ORIGIN_SCRATCH);
	assert_int_equal(outline_origin(arena, outline, &outline->stages[1], "debian:latest", &origin, NULL), 0);
	assert_string_equal(origin.name, "local/deb:1");
}

/* What ONBUILD of a stage takes is needed by the stages upon it. */
static void test_triggers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;

	scratch_begin(arena, &scratch, NULL);
	outline = make(arena, &scratch,
		"FROM alpine AS tools\nFROM debian AS base\nONBUILD COPY --from=tools /a /a\nONBUILD COPY --from=other /a /a\nFROM base\nRUN x\n");
	assert_needed(outline, "+++");
	assert_int_equal(outline->stages[1].trigger_count, 2);
	assert_int_equal(outline->stages[1].dependency_count, 0);
	assert_int_equal(outline->stages[2].dependency_count, 2);
	assert_int_equal(outline->image_count, 3);
	assert_string_equal(outline->images[2].name, "other");
}

/* What an image triggers brings what it takes from, and what that needs. */
static void test_image_triggers(void **state _unused_)
{
	static char *triggers[] = { (char *)"RUN x", (char *)"COPY --from=x a b", (char *)"RUN --mount=from=other,target=/o x", NULL };
	static char *later[] = { (char *)"COPY --from=7 a b", NULL }, *wrong[] = { (char *)"COYP a b", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct outline *outline;
	bool more = false;

	scratch_begin(arena, &scratch, NULL);
	outline = make(arena, &scratch, "FROM a\nFROM b\nFROM c AS x\nCOPY --from=0 a b\nFROM d\n");
	assert_needed(outline, "---+");
	assert_int_equal(outline->image_count, 1);
	assert_int_equal(outline_follow_triggers(arena, outline, 3, NULL, &more, &scratch.mark, NULL), 0);
	assert_false(more);
	assert_int_equal(outline_follow_triggers(arena, outline, 3, triggers, &more, &scratch.mark, NULL), 0);
	assert_true(more);
	assert_needed(outline, "+-++");
	assert_int_equal(outline->image_count, 4);
	assert_int_equal(outline->stages[3].dependency_count, 1);
	assert_int_equal(outline->stages[3].dependencies[0], 2);
	more = false;
	assert_int_equal(outline_follow_triggers(arena, outline, 3, triggers, &more, &scratch.mark, NULL), 0);
	assert_false(more);
	assert_int_equal(outline->stages[3].dependency_count, 1);
	assert_int_equal(outline_follow_triggers(arena, outline, 3, later, &more, &scratch.mark, &scratch.err), -EINVAL);
	assert_string_equal(scratch.err.message, "Dockerfile:5: there is no stage 7");
	assert_int_equal(scratch.mark.line, 5);
	assert_int_equal(outline_follow_triggers(arena, outline, 3, wrong, &more, &scratch.mark, &scratch.err), -EINVAL);
	assert_true(str_starts_with(scratch.err.message, "Dockerfile:5: ONBUILD of 'd'"));
	assert_int_equal(scratch.mark.line, 5);
}

static void test_errors(void **state _unused_)
{
	static const struct {
		const char *text, *message, *hint;
		unsigned line;
	} cases[] = {
		{ "RUN x\nFROM a\n", "Dockerfile:1: RUN before the first FROM", "a Dockerfile begins with FROM; only ARG can stand before it", 1 },
		{ "ARG a\n", "Dockerfile: no FROM: there is nothing to build", "", 0 },
		{ "ARG VERSION=1\nFROM $VERSOIN\n", "Dockerfile:2: FROM has no image: '$VERSOIN' is empty", "'VERSOIN' is not set; did you mean 'VERSION'?", 2 },
		{ "FROM a AS build\nFROM Biuld\n", "Dockerfile:2: invalid reference 'Biuld': the repository must be lower case", "did you mean the stage 'build'?", 2 },
		{ "FROM Debian:12\n", "Dockerfile:1: invalid reference 'Debian:12': the repository must be lower case", "did you mean 'debian:12'?", 1 },
		{ "FROM a AS build\nCOPY --from=build a b\n", "Dockerfile:2: stage 'build' cannot take from itself", "", 2 },
		{ "FROM a\n\nCOPY --from=later a b\nFROM b AS later\n", "Dockerfile:3: stage 'later' begins later, on line 4",
			"stages can take from those before them: move it up", 3 },
		{ "FROM a\nCOPY --from=7 a b\n", "Dockerfile:2: there is no stage 7", "the file's stages are 0 to 0", 2 },
		{ "FROM a\nRUN --mount=from=0,target=/a x\n", "Dockerfile:2: stage '0' cannot take from itself", "", 2 },
		{ "ARG x=${\nFROM a\n", NULL, NULL, 1 },
		{ "FROM --platform=linux/ a\n", NULL, NULL, 1 },
		{ "FROM a\nFORM b\n", NULL, NULL, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct scratch scratch;

		scratch_begin(arena, &scratch, NULL);
		if (scratch_outline(arena, &scratch, cases[i].text))
			fail_msg("%s", cases[i].text);
		assert_int_equal(scratch.err.kind, ERROR_INVALID);
		if (cases[i].message)
			assert_string_equal(scratch.err.message, cases[i].message);
		if (cases[i].hint)
			assert_string_equal(scratch.err.hint, cases[i].hint);
		assert_int_equal(scratch.mark.line, cases[i].line);
	}
}

static void test_missing_target(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;

	scratch_begin(arena, &scratch, NULL);
	scratch.request.target = "tset";
	assert_null(scratch_outline(arena, &scratch, "FROM a AS build\nFROM a AS test\n"));
	assert_string_equal(scratch.err.message, "Dockerfile: no stage 'tset' to build");
	assert_string_equal(scratch.err.hint, "did you mean 'test'?");
	scratch.request.target = "2";
	assert_null(scratch_outline(arena, &scratch, "FROM a AS build\nFROM a AS test\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_triggers),
		cmocka_unit_test(test_image_triggers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_missing_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
