/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a Dockerfile, up to the plans of its stages and what is said of
 * it. Numbers, order and lists must agree with each other, whatever was written.
 */
#include "build/lint.h"
#include "build/plan.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STAGE_LIMIT 64 /* more say nothing new */

static void check_error(const struct error *err)
{
	if (err->kind != ERROR_INVALID || !str_starts_with(err->message, "f:") || strchr(err->message, '\n'))
		abort();
}

static void check_outline(const struct outline *outline)
{
	for (size_t i = 0; i < outline->stage_count; i++) {
		const struct outline_stage *stage = &outline->stages[i];

		if (stage->number != i || (stage->base.kind == ORIGIN_STAGE && stage->base.stage >= i))
			abort();
		for (size_t j = 0; j < stage->dependency_count; j++)
			if (stage->dependencies[j] >= i || (stage->needed && !outline->stages[stage->dependencies[j]].needed))
				abort();
	}
	if (!outline->stages[outline->target].needed)
		abort();
}

static void check_plan(const struct plan_stage *plan)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		bool works = step->kind != PLAN_CONFIGURE;

		if (!step->shown || !step->execution || works != !!step->key || works != (step->number > 0) || step->number > step->count)
			abort();
		if (step->kind == PLAN_RUN && (!step->command[0] || !step->environment || step->working_directory[0] != '/' || !step->user))
			abort();
		for (size_t j = 0; j < step->mount_count; j++)
			if (step->mounts[j].mount->kind <= RUN_MOUNT_TMPFS && step->mounts[j].mount->target[0] != '/')
				abort();
		if (step->kind == PLAN_COPY && (step->destination[0] != '/' || strstr(step->destination, "//")))
			abort();
	}
	if (!words_value(plan->execution->env, "PATH"))
		abort();
}

static void check_plans(struct arena *arena, const struct outline *outline)
{
	static char *triggers[] = { (char *)"COPY --from=0 $a b", (char *)"ENV a=$PATH", NULL }, *env[] = { (char *)"PATH=/bin", (char *)"x", NULL };
	static struct spec_execution execution = { .env = env, .on_build = triggers, .working_directory = (char *)"w/../x" };
	struct plan_stage *plans[STAGE_LIMIT] = { 0 };

	for (size_t i = 0; i < outline->stage_count && i < STAGE_LIMIT; i++) {
		const struct origin *base = &outline->stages[i].base;
		struct plan_request request = { .outline = outline, .stage = i, .default_path = "/sbin" };
		struct lint_settings settings = { .all_experimental = true };
		struct dockerfile_warning *warnings;
		struct dockerfile_mark mark;
		struct error err = ERROR_INIT;
		size_t count;

		request.base.stage = base->kind == ORIGIN_STAGE ? plans[base->stage] : NULL;
		request.base.execution = base->kind == ORIGIN_IMAGE ? &execution : NULL;
		if (base->kind == ORIGIN_STAGE && !request.base.stage)
			continue;
		if (build_plan_make(arena, &request, &plans[i], &mark, &err) < 0)
			check_error(&err);
		else
			check_plan(plans[i]);
		lint(arena, outline, request.warnings, request.warning_count, &settings, &warnings, &count);
		for (size_t j = 1; j < count; j++)
			if (warnings[j - 1].mark.line > warnings[j].mark.line)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct outline_argument argument = { .name = "a", .value = "1" };
	struct spec_pair context = { .key = (char *)"c", .value = (char *)"docker-image://d" };
	struct spec_platform platform = { .os = (char *)"linux", .architecture = (char *)"arm64", .variant = (char *)"v8" };
	struct outline_request request = {
		.arguments = &argument, .argument_count = 1, .contexts = &context, .context_count = 1, .build_platform = platform, .target_platform = platform,
	};
	struct dockerfile *dockerfile = NULL;
	struct outline *outline = NULL;
	struct dockerfile_mark mark;
	struct error err = ERROR_INIT;

	if (dockerfile_parse(arena, "f", (const char *)data, size, &dockerfile, &mark, &err) < 0)
		return 0;
	request.dockerfile = dockerfile;
	if (outline_make(arena, &request, &outline, &mark, &err) < 0) {
		check_error(&err);
		return 0;
	}
	check_outline(outline);
	check_plans(arena, outline);
	return 0;
}
