/* SPDX-License-Identifier: Apache-2.0 */
#include "build/plan.h"
#include "build/outline_scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PATH_ENTRY "PATH=/usr/bin:/bin"

/* Plans all stages, each on the one before it if its base is a stage, else on EXECUTION. NULL with scratch->err. */
static struct plan_stage *plan_on(struct arena *arena, struct scratch *scratch, const struct spec_execution *execution, const char *text,
	struct plan_request *request)
{
	struct outline *outline = scratch_outline(arena, scratch, text);
	struct plan_stage *plans[16] = { 0 };

	if (!outline)
		return NULL;
	for (size_t i = 0; i < outline->stage_count; i++) {
		const struct origin *base = &outline->stages[i].base;

		*request = (struct plan_request){ .outline = outline, .stage = i, .default_path = "/usr/bin:/bin" };
		if (base->kind == ORIGIN_STAGE)
			request->base.stage = plans[base->stage];
		else if (base->kind == ORIGIN_IMAGE)
			request->base.execution = execution;
		if (build_plan_make(arena, request, &plans[i], &scratch->mark, &scratch->err) < 0)
			return NULL;
	}
	return plans[outline->stage_count - 1];
}

static struct plan_stage *plan(struct arena *arena, const char *const *arguments, const char *text)
{
	struct scratch scratch;
	struct plan_request request;
	struct plan_stage *stage;

	scratch_begin(arena, &scratch, arguments);
	stage = plan_on(arena, &scratch, NULL, text, &request);
	if (!stage)
		fail_msg("%s", scratch.err.message);
	return stage;
}

static void assert_list(char *const *list, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add_text(&text, "");
	for (; list && *list; list++)
		buf_printf(&text, "%s%s", text.length > 0 ? "|" : "", *list);
	assert_string_equal(text.data, expected);
}

/* ---- configuration ------------------------------------------------------------ */

static void test_history(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "RUN make  all", "RUN /bin/sh -c make  all # buildkit" },
		{ "RUN [\"a\", \"b c\"]", "RUN a b c # buildkit" },
		{ "SHELL [\"/bin/bash\", \"-ec\"]", "SHELL [/bin/bash -ec]" },
		{ "CMD a \"b\"", "CMD [\"/bin/sh\" \"-c\" \"a \\\"b\\\"\"]" },
		{ "CMD [\"a\", \"b\"]", "CMD [\"a\" \"b\"]" },
		{ "CMD []", "CMD []" },
		{ "ENTRYPOINT [\"x\"]", "ENTRYPOINT [\"x\"]" },
		{ "ENV A=1 B='x y'", "ENV A=1 B=x y" },
		{ "ENV A x y", "ENV A=x y" },
		{ "LABEL \"a b\"=c", "LABEL a b=c" },
		{ "EXPOSE 90 80-81/udp 90", "EXPOSE map[80/udp:{} 81/udp:{} 90/tcp:{}]" },
		{ "VOLUME /a /b", "VOLUME [/a /b]" },
		{ "VOLUME [\"/a\"]", "VOLUME [/a]" },
		{ "USER a:b", "USER a:b" },
		{ "WORKDIR a/../b/", "WORKDIR /b" },
		{ "STOPSIGNAL SIGINT", "STOPSIGNAL SIGINT" },
		{ "MAINTAINER A <a@b>", "MAINTAINER A <a@b>" },
		{ "HEALTHCHECK NONE", "HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" \"0s\" '\\x00'}" },
		{ "HEALTHCHECK --interval=30s --timeout=1.5s --retries=3 CMD x y", "HEALTHCHECK &{[\"CMD-SHELL\" \"x y\"] \"30s\" \"1.5s\" \"0s\" \"0s\" '\\x03'}" },
		{ "ARG a b=1 c=\"x y\"", "ARG a b=1 c=x y" },
		{ "COPY a b ./", "COPY a b ./ # buildkit" },
		{ "COPY --from=x --link --chown=1:2 --chmod=755 a /b", "COPY --chown=1:2 --chmod=755 a /b # buildkit" },
		{ "COPY --parents a/./b /c", "COPY --parents a/./b /c # buildkit" },
		{ "ADD https://a.b/c /d", "ADD https://a.b/c /d # buildkit" },
		{ "COPY <<x <<y /d/\n1\nx\n2\ny", "COPY <<x <<y /d/ # buildkit" },
		{ "RUN <<E\na\nb\nE", "RUN /bin/sh -c a\nb\n # buildkit" },
		{ "ONBUILD RUN x", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct plan_stage *stage = plan(arena, NULL, arena_printf(arena, "FROM scratch\n%s\n", cases[i][0]));

		assert_int_equal(stage->step_count, 1);
		if (!str_equal(stage->steps[0].created_by, cases[i][1]))
			fail_msg("'%s', not '%s'", stage->steps[0].created_by, cases[i][1]);
	}
}

static void test_configuration(void **state _unused_)
{
	static const char text[] =
		"FROM scratch\n"
		"ENV A=1 PATH=/x:$PATH\n"
		"ENV A=2 B=$A\n"
		"LABEL z=1 a=2\nLABEL m=3 z=4\n"
		"EXPOSE 80 53/udp\nEXPOSE 80\n"
		"VOLUME /v\nVOLUME /a /v\n"
		"USER me\nWORKDIR /w\nWORKDIR x/./y\n"
		"STOPSIGNAL INT\nMAINTAINER somebody\n"
		"HEALTHCHECK CMD [\"ok\"]\n"
		"SHELL [\"/bin/bash\", \"-c\"]\nCMD run it\nENTRYPOINT [\"/e\"]\n"
		"ONBUILD RUN a\nONBUILD COPY b c\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_stage *stage = plan(arena, NULL, text);
	const struct spec_execution *execution = stage->execution;

	assert_list(execution->env, "PATH=/x:/usr/bin:/bin|A=2|B=1");
	assert_int_equal(execution->label_count, 3);
	assert_string_equal(execution->labels[0].key, "a");
	assert_string_equal(execution->labels[1].key, "m");
	assert_string_equal(execution->labels[2].value, "4");
	assert_list(execution->exposed_ports, "53/udp|80/tcp");
	assert_list(execution->volumes, "/a|/v");
	assert_string_equal(execution->user, "me");
	assert_string_equal(execution->working_directory, "/w/x/y");
	assert_string_equal(execution->stop_signal, "INT");
	assert_string_equal(stage->author, "somebody");
	assert_list(execution->health_check->test, "CMD|ok");
	assert_list(execution->shell, "/bin/bash|-c");
	assert_list(execution->command, "/bin/bash|-c|run it");
	assert_true(execution->args_escaped);
	assert_list(execution->entrypoint, "/e");
	assert_list(execution->on_build, "RUN a|COPY b c");
	/* Each step has what is after it, whatever follows. */
	assert_list(stage->steps[0].execution->env, "PATH=/x:/usr/bin:/bin|A=1");
	assert_null(stage->steps[1].execution->labels);
	assert_ptr_equal(stage->steps[stage->step_count - 1].execution, execution);
}

static void test_base(void **state _unused_)
{
	static char *env[] = { (char *)"X=base", NULL }, *command[] = { (char *)"base", NULL }, *ports[] = { (char *)"9/tcp", NULL };
	static struct spec_execution execution = {
		.env = env, .command = command, .exposed_ports = ports, .working_directory = (char *)"/srv//", .user = (char *)"app",
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct plan_request request;
	struct plan_stage *stage;

	scratch_begin(arena, &scratch, NULL);
	stage = plan_on(arena, &scratch, &execution, "FROM debian\nRUN x\nEXPOSE 10\n", &request);
	assert_list(stage->execution->env, "X=base|" PATH_ENTRY);
	assert_list(stage->execution->command, "base");
	assert_list(stage->execution->exposed_ports, "10/tcp|9/tcp");
	assert_string_equal(stage->steps[0].working_directory, "/srv");
	assert_string_equal(stage->steps[0].user, "app");
	assert_list(stage->steps[0].environment, "X=base|" PATH_ENTRY);
	/* The base's own is as it was. */
	assert_list(execution.exposed_ports, "9/tcp");
	assert_list(execution.env, "X=base");

	/* The base's command was for its entry point; one of this stage is not, wherever it stands. */
	stage = plan_on(arena, &scratch, &execution, "FROM debian\nENTRYPOINT [\"e\"]\n", &request);
	assert_null(stage->execution->command);
	stage = plan_on(arena, &scratch, &execution, "FROM debian\nCMD [\"c\"]\nENTRYPOINT [\"e\"]\n", &request);
	assert_list(stage->execution->command, "c");
	stage = plan_on(arena, &scratch, &execution, "FROM debian AS a\nCMD [\"c\"]\nFROM a\nENTRYPOINT [\"e\"]\n", &request);
	assert_null(stage->execution->command);
	stage = plan_on(arena, &scratch, &execution, "FROM debian\nCMD []\nUSER \"\"\n", &request);
	assert_null(stage->execution->command);
	assert_null(stage->execution->user);

	/* Nothing has a root, and a path. */
	stage = plan_on(arena, &scratch, &execution, "FROM scratch\nRUN x\n", &request);
	assert_list(stage->execution->env, PATH_ENTRY);
	assert_string_equal(stage->execution->working_directory, "/");
	assert_string_equal(stage->steps[0].user, "");
}

/* ---- arguments ---------------------------------------------------------------- */

static void test_arguments(void **state _unused_)
{
	static const char *const given[] = { "given=option", "HTTP_PROXY=http://p", "undeclared=1", NULL };
	static const char text[] =
		"ARG global=G other=O\n"
		"FROM scratch AS base\n"
		"ARG global given=default late=$given two=$late\n"
		"ARG unset TARGETARCH\n"
		"RUN a\n"
		"ENV given=env\n"
		"RUN b\n"
		"FROM base\n"
		"RUN c\n"
		"FROM scratch\n"
		"RUN d $global\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct plan_request request;
	struct plan_stage *base = plan(arena, given, arena_strndup(arena, text, (size_t)(strstr(text, "FROM base") - text)));
	struct plan_stage *child = plan(arena, given, arena_strndup(arena, text, (size_t)(strstr(text, "FROM scratch\n") - text)));
	struct plan_stage *other;

	assert_list(base->steps[2].environment, PATH_ENTRY "|global=G|given=option|late=option|two=option|TARGETARCH=arm64|HTTP_PROXY=http://p|http_proxy=http://p");
	assert_string_equal(base->steps[0].created_by, "ARG global given=default late=option two=option");
	assert_string_equal(base->steps[2].created_by, "RUN |6 global=G given=option late=option two=option unset= TARGETARCH=arm64 /bin/sh -c a # buildkit");
	assert_string_equal(base->steps[4].created_by, "RUN |6 global=G given=env late=option two=option unset= TARGETARCH=arm64 /bin/sh -c b # buildkit");
	assert_list(base->execution->env, PATH_ENTRY "|given=env");
	/* A stage upon it has its arguments; another has not. */
	assert_string_equal(child->steps[0].created_by, "RUN |6 global=G given=env late=option two=option unset= TARGETARCH=arm64 /bin/sh -c c # buildkit");
	scratch_begin(arena, &scratch, given);
	other = plan_on(arena, &scratch, NULL, text, &request);
	assert_string_equal(other->steps[0].created_by, "RUN /bin/sh -c d $global # buildkit");
	assert_string_equal(other->steps[0].shown, "RUN d $global");
	assert_list(other->steps[0].environment, PATH_ENTRY "|HTTP_PROXY=http://p|http_proxy=http://p");
}

static void test_warnings(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct plan_request request;
	struct plan_stage *stage;

	scratch_begin(arena, &scratch, NULL);
	stage = plan_on(arena, &scratch, NULL,
		"FROM scratch\nARG declared VERSION=1\nENV a=$declared b=$VERSOIN c=$VERSOIN d=${VERSION}\nCOPY $nothing /x\nWORKDIR a\nWORKDIR b\n", &request);
	assert_non_null(stage);
	assert_int_equal(request.warning_count, 3);
	assert_string_equal(request.warnings[0].rule, "UndefinedVar");
	assert_string_equal(request.warnings[0].text, "nothing has set '$VERSOIN' (did you mean '$VERSION'?)");
	assert_int_equal(request.warnings[0].mark.line, 3);
	assert_string_equal(request.warnings[1].text, "nothing has set '$nothing'");
	assert_string_equal(request.warnings[2].rule, "WorkdirRelativePath");
	assert_int_equal(request.warnings[2].mark.line, 5);
}

/* ---- work --------------------------------------------------------------------- */

static void test_run(void **state _unused_)
{
	static const char text[] =
		"FROM debian AS tools\n"
		"FROM scratch\n"
		"ARG d=cache\n"
		"USER u\nWORKDIR /w\n"
		"RUN --mount=type=cache,target=/$d --mount=target=src,source=a --mount=from=tools,target=/t --mount=type=tmpfs,target=/tmp "
		"--mount=type=secret,id=s,env=S --network=none echo $S '$d' \"$d\"\n"
		"RUN <<E\n#!/usr/bin/python3\nprint()\nE\n"
		"RUN <<E cat\nx\nE\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_stage *stage = plan(arena, NULL, text);
	const struct plan_step *step = &stage->steps[3];

	assert_int_equal(step->kind, PLAN_RUN);
	assert_list(step->command, "/bin/sh|-c|echo $S '$d' \"$d\"");
	assert_string_equal(step->user, "u");
	assert_string_equal(step->working_directory, "/w");
	assert_int_equal(step->mount_count, 5);
	assert_string_equal(step->mounts[0].mount->target, "/cache");
	assert_int_equal(step->mounts[0].origin.kind, ORIGIN_SCRATCH);
	assert_string_equal(step->mounts[1].mount->target, "/w/src");
	assert_int_equal(step->mounts[1].origin.kind, ORIGIN_CONTEXT);
	assert_int_equal(step->mounts[2].origin.kind, ORIGIN_STAGE);
	assert_int_equal(step->mounts[2].origin.stage, 0);
	assert_string_equal(step->mounts[4].mount->env, "S");
	assert_non_null(strstr(step->shown, "echo **** '$d' \"cache\""));
	assert_string_equal(stage->steps[4].script, "#!/usr/bin/python3\nprint()\n");
	assert_list(stage->steps[4].command, "/bin/sh|-c|/dev/pipes/E");
	assert_string_equal(stage->steps[4].shown, "RUN <<E (#!/usr/bin/python3...)");
	assert_null(stage->steps[5].script);
	assert_list(stage->steps[5].command, "/bin/sh|-c|<<E cat\nx\nE");
	assert_string_equal(stage->steps[5].shown, "RUN <<E cat (x)");
}

static void test_numbers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_stage *stage = plan(arena, NULL, "FROM debian AS a\nENV x=y\nRUN a\nWORKDIR /\nWORKDIR /w\nCOPY a b\n");

	assert_string_equal(stage->title, "");
	assert_int_equal(stage->steps[0].number, 0);
	assert_int_equal(stage->steps[1].number, 2);
	assert_int_equal(stage->steps[2].kind, PLAN_CONFIGURE);
	assert_int_equal(stage->steps[2].number, 0);
	assert_int_equal(stage->steps[3].kind, PLAN_DIRECTORY);
	assert_string_equal(stage->steps[3].directory, "/w");
	assert_int_equal(stage->steps[4].number, 4);
	assert_int_equal(stage->steps[4].count, 4);
	stage = plan(arena, NULL, "FROM scratch AS a\nFROM a\nCOPY a b\n");
	assert_string_equal(stage->title, "stage-1");
	assert_int_equal(stage->steps[0].number, 1);
	assert_int_equal(stage->steps[0].count, 1);
	stage = plan(arena, NULL, "FROM scratch\nFROM scratch AS b\n");
	assert_string_equal(stage->title, "b");
}

static void test_destinations(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "x", "/w/x" }, { "x/", "/w/x/" }, { ".", "/w/" }, { "./", "/w/" }, { "./x/.", "/w/x/" }, { "..", "/" }, { "/", "/" }, { "/a/../b", "/b" },
		{ "$empty", "/w/" }, { "/a.", "/a." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct plan_stage *stage = plan(arena, NULL, arena_printf(arena, "FROM scratch\nWORKDIR /w\nCOPY a %s\n", cases[i][0]));

		assert_string_equal(stage->steps[1].destination, cases[i][1]);
		assert_int_equal(stage->steps[1].origin.kind, ORIGIN_CONTEXT);
	}
}

/* ---- keys --------------------------------------------------------------------- */

static const char *key_of(struct arena *arena, const char *const *arguments, const char *text)
{
	struct plan_stage *stage = plan(arena, arguments, arena_printf(arena, "FROM scratch AS o\nFROM scratch\n%s\n", text));

	return stage->steps[stage->step_count - 1].key;
}

static void test_keys(void **state _unused_)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{ "RUN x", "RUN  x", true },
		{ "RUN x", "RUN y", false },
		{ "RUN a b", "RUN [\"a\", \"b\"]", false },
		{ "ARG a=1\nRUN x", "RUN x", false },
		{ "ARG a=1\nRUN x", "ARG a=2\nRUN x", false },
		{ "ARG a\nRUN x", "RUN x", true },
		{ "ENV a=1\nRUN x", "ARG a=1\nRUN x", true },
		{ "LABEL a=1\nRUN x", "RUN x", true },
		{ "USER 1\nRUN x", "RUN x", false },
		{ "WORKDIR /a\nRUN x", "RUN x", false },
		{ "SHELL [\"a\"]\nRUN x", "RUN x", false },
		{ "RUN --network=none x", "RUN x", false },
		{ "RUN --mount=type=cache,target=/c x", "RUN x", false },
		{ "RUN --mount=type=cache,target=/c x", "RUN --mount=type=cache,target=/d x", false },
		{ "RUN --mount=from=o,target=/c x", "RUN --mount=target=/c,from=0 x", true },
		{ "RUN --mount=from=o,target=/c x", "RUN --mount=target=/c,from=o,source=/s x", false },
		{ "RUN --mount=type=secret,id=a x", "RUN --mount=type=secret,id=b x", false },
		{ "COPY a b", "COPY a /b", true },
		{ "COPY a b", "WORKDIR /\nCOPY a b", true },
		{ "COPY a b", "WORKDIR /w\nCOPY a b", false },
		{ "COPY a b", "COPY a b/", false },
		{ "COPY a b", "COPY --from=o a b", true },
		{ "COPY a b", "ENV x=y\nCOPY a b", true },
		{ "COPY a b", "USER 1\nCOPY a b", true },
		{ "COPY a b", "ADD a b", false },
		{ "COPY a b", "COPY --chown=1 a b", false },
		{ "COPY a b", "COPY --chmod=1 a b", false },
		{ "COPY a b", "COPY --link a b", false },
		{ "COPY a b", "COPY --parents a b", false },
		{ "COPY a b", "COPY --exclude=c a b", false },
		{ "ADD a b", "ADD --unpack=false a b", false },
		{ "COPY <<a /b\n1\na", "COPY <<a /b\n2\na", false },
		{ "ENV x=1\nCOPY <<a /b\n$x\na", "ARG x=1\nCOPY <<a /b\n$x\na", true },
		{ "WORKDIR /a", "WORKDIR a", true },
		{ "WORKDIR /a", "USER 1\nWORKDIR /a", false },
		{ "WORKDIR /a", "ENV b=c\nWORKDIR /a", true },
	};
	static const char *const proxy[] = { "https_proxy=secret", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (str_equal(key_of(arena, NULL, cases[i].a), key_of(arena, NULL, cases[i].b)) != cases[i].is_equal)
			fail_msg("'%s' '%s': %s", cases[i].a, cases[i].b, key_of(arena, NULL, cases[i].b));
	assert_string_equal(key_of(arena, proxy, "RUN x"), key_of(arena, NULL, "RUN x"));
	assert_null(strstr(plan(arena, proxy, "FROM scratch\nRUN x\n")->steps[0].created_by, "secret"));
	assert_null(key_of(arena, NULL, "ENV a=b"));
	assert_string_equal(key_of(arena, NULL, "RUN x"), "RUN\ncommand [\"/bin/sh\" \"-c\" \"x\"]\nuser \"\"\ndirectory \"/\"\nenvironment [\"" PATH_ENTRY "\"]\n");
}

/* ---- triggers ----------------------------------------------------------------- */

static void test_image_triggers(void **state _unused_)
{
	static char *triggers[] = { (char *)"ENV x=1", (char *)"COPY --from=tools a $x", NULL };
	static char *wrong[] = { (char *)"COYP a b", NULL }, *twice[] = { (char *)"ONBUILD RUN x", NULL };
	static struct spec_execution execution = { .on_build = triggers };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct scratch scratch;
	struct plan_request request;
	struct plan_stage *stage;

	scratch_begin(arena, &scratch, NULL);
	stage = plan_on(arena, &scratch, &execution, "FROM scratch AS tools\n\nFROM debian\nRUN x\n", &request);
	assert_int_equal(stage->step_count, 3);
	assert_true(stage->steps[0].is_trigger);
	assert_int_equal(stage->steps[1].origin.kind, ORIGIN_STAGE);
	assert_string_equal(stage->steps[1].destination, "/1");
	assert_int_equal(stage->steps[1].number, 2);
	assert_false(stage->steps[2].is_trigger);
	assert_null(stage->execution->on_build);
	execution.on_build = wrong;
	assert_null(plan_on(arena, &scratch, &execution, "FROM scratch\n\nFROM debian\nRUN x\n", &request));
	assert_true(str_starts_with(scratch.err.message, "Dockerfile:3: ONBUILD of 'debian'"));
	assert_int_equal(scratch.mark.line, 3);
	execution.on_build = twice;
	assert_null(plan_on(arena, &scratch, &execution, "FROM debian\n", &request));
	assert_true(str_starts_with(scratch.err.message, "Dockerfile:1: ONBUILD of 'debian'"));
}

static void test_stage_triggers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_stage *stage = plan(arena, NULL, "FROM scratch AS a\nONBUILD WORKDIR /x\nFROM a AS b\nRUN y\nFROM b\nRUN z\n");

	assert_int_equal(stage->step_count, 1);
	assert_string_equal(stage->steps[0].working_directory, "/x");
	assert_null(stage->execution->on_build);
	stage = plan(arena, NULL, "FROM scratch AS a\nONBUILD WORKDIR /x\nFROM a AS b\nRUN y\n");
	assert_int_equal(stage->step_count, 2);
	assert_true(stage->steps[0].is_trigger);
	assert_int_equal(stage->steps[0].kind, PLAN_DIRECTORY);
}

static void test_errors(void **state _unused_)
{
	static const struct {
		const char *text, *message;
		unsigned line;
	} cases[] = {
		{ "FROM scratch\nRUN --mount=type=tmpfs,target=/a/.. x\n", "Dockerfile:2: nothing can be mounted over the whole root: target=/a/..", 2 },
		{ "FROM scratch\n\nWORKDIR $x\n", "Dockerfile:3: WORKDIR is empty: '$x'", 3 },
		{ "FROM scratch\nARG x=${y?why}\n", "Dockerfile:2: y: why", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct scratch scratch;
		struct plan_request request;

		scratch_begin(arena, &scratch, NULL);
		assert_null(plan_on(arena, &scratch, NULL, cases[i].text, &request));
		assert_string_equal(scratch.err.message, cases[i].message);
		assert_int_equal(scratch.mark.line, cases[i].line);
	}
}

/* Ranges of ports are long, and texts of variables multiply. */
static void test_sizes(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_stage *stage = plan(arena, NULL, "FROM scratch\nEXPOSE 80\nEXPOSE 1-65535\n");
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct scratch scratch;
	struct plan_request request;

	assert_int_equal(strv_length(stage->execution->exposed_ports), 65535);
	assert_string_equal(stage->execution->exposed_ports[1], "10/tcp");
	buf_add_text(&text, "FROM scratch\nENV");
	for (size_t i = 0; i <= PLAN_VARIABLE_LIMIT; i++)
		buf_printf(&text, " v%zu=1", i);
	scratch_begin(arena, &scratch, NULL);
	assert_null(plan_on(arena, &scratch, NULL, text.data, &request));
	assert_string_equal(scratch.err.message, "Dockerfile:2: more than 10000 names in one instruction");
	buf_done(&text);
	buf_add_text(&text, "FROM scratch\nENV a=");
	for (size_t i = 0; i < 100000; i++)
		buf_add_text(&text, "0123456789");
	for (size_t i = 0; i < 70; i++)
		buf_add_text(&text, "\nRUN x");
	assert_null(plan_on(arena, &scratch, NULL, text.data, &request));
	assert_non_null(strstr(scratch.err.message, ": the stage is too large: its steps say more than 64 MiB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_image_triggers),
		cmocka_unit_test(test_stage_triggers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
