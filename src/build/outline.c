/* SPDX-License-Identifier: Apache-2.0 */
#include "build/outline.h"
#include "build/environment.h"
#include "build/outline_names.h"
#include "build/outline_needs.h"

#include "base/options.h"
#include "base/str.h"
#include "spec/reference.h"

#include <strings.h>

struct maker {
	struct arena *arena;
	const struct outline_request *request;
	struct outline *outline;
	struct environment arguments; /* global ones */
	struct instruction **instructions, **triggers; /* room for those of all stages, one after the other */
	struct dockerfile_mark *mark;
	struct error *err;
};

/* Puts the place of the instruction in front of a message, and marks it. */
static int at(struct maker *maker, const struct instruction *instruction, int r)
{
	*maker->mark = instruction->source->mark;
	(void)error_wrap(maker->err, "%s:%u", maker->request->dockerfile->name, instruction->source->mark.line);
	return r;
}

/* ---- arguments ---------------------------------------------------------------- */

bool outline_argument_is_predefined(const char *name)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH",
		"BUILDVARIANT", "TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE", "SOURCE_DATE_EPOCH",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (i < 5 ? strcasecmp(name, names[i]) == 0 : strcmp(name, names[i]) == 0)
			return true;
	return str_starts_with(name, "BUILDKIT_");
}

const char *outline_argument_value(const struct outline_request *request, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < request->argument_count; i++)
		if (request->arguments[i].value && str_equal(request->arguments[i].name, name))
			value = request->arguments[i].value;
	return value;
}

static void predefine(struct maker *maker, const char *prefix, const char *part, const char *value)
{
	const char *name = arena_printf(maker->arena, "%s%s", prefix, part), *given = outline_argument_value(maker->request, name);

	environment_set(maker->arena, &maker->arguments, name, given ? given : value ? value : "");
}

static void predefine_platform(struct maker *maker, const char *prefix, const struct spec_platform *platform)
{
	predefine(maker, prefix, "PLATFORM", spec_platform_text(maker->arena, platform));
	predefine(maker, prefix, "OS", platform->os);
	predefine(maker, prefix, "OSVERSION", platform->os_version);
	predefine(maker, prefix, "ARCH", platform->architecture);
	predefine(maker, prefix, "VARIANT", platform->variant);
}

/* An ARG before the first FROM: each may use those before it. */
static int take_global(struct maker *maker, const struct instruction *instruction)
{
	for (size_t i = 0; i < instruction->pair_count; i++) {
		const struct instruction_pair *pair = &instruction->pairs[i];
		const char *given = outline_argument_value(maker->request, pair->name);
		struct words words = { .escape = maker->request->dockerfile->escape, .environment = maker->arguments.list };
		char *value = NULL;
		int r = !given && pair->value ? words_expand(maker->arena, &words, pair->value, &value, maker->err) : 0;

		if (r < 0)
			return at(maker, instruction, r);
		if (given || value)
			environment_set(maker->arena, &maker->arguments, pair->name, given ? given : value);
	}
	return 0;
}

/* ---- stages ------------------------------------------------------------------- */

/* Names of variables that a FROM uses and nobody has set: the first. */
struct unset {
	struct arena *arena;
	const char *name;
};

static void note_unset(void *context, const char *name, bool is_set)
{
	struct unset *unset = context;

	if (!is_set && !unset->name)
		unset->name = arena_strdup(unset->arena, name);
}

static void hint_argument(struct maker *maker, const char *name)
{
	size_t count = maker->arguments.count;
	const char **names = arena_alloc(maker->arena, count, sizeof *names), *nearest;

	for (size_t i = 0; i < count; i++)
		names[i] = arena_strndup(maker->arena, maker->arguments.list[i], strcspn(maker->arguments.list[i], "="));
	nearest = options_nearest(name, names, count);
	if (nearest)
		error_hint(maker->err, "'%s' is not set; did you mean '%s'?", name, nearest);
	else
		error_hint(maker->err, "'%s' is not set: FROM sees the arguments of `ARG` before the first FROM", name);
}

static int take_platform(struct maker *maker, struct outline_stage *stage, const struct instruction *from, const char *unset)
{
	int r;

	stage->platform = maker->request->target_platform;
	if (!stage->from->platform)
		return 0;
	stage->has_platform = true;
	r = spec_platform_parse(maker->arena, from->platform, &maker->request->target_platform, &stage->platform, maker->err);
	if (r < 0 && unset)
		hint_argument(maker, unset);
	return r;
}

/* What a base that is none was probably meant to be. */
static void hint_base(struct maker *maker, const char *name, const char *unset)
{
	const char *nearest = unset ? NULL : outline_nearest_stage(maker->outline, name);
	char *lower = arena_strdup(maker->arena, name);
	struct spec_reference reference;

	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	if (unset)
		hint_argument(maker, unset);
	else if (nearest)
		error_hint(maker->err, "did you mean the stage '%s'?", nearest);
	else if (spec_reference_parse(maker->arena, lower, &reference, NULL) == 0)
		error_hint(maker->err, "did you mean '%s'?", lower);
}

/* An earlier stage, or what is not of this file. */
static int take_base(struct maker *maker, struct outline_stage *stage, const char *name, const char *unset)
{
	size_t base = outline_find_stage(maker->outline, name, stage->number);
	int r;

	if (stage->name && outline_find_context(maker->arena, maker->request, stage->name, &stage->base)) {
		stage->is_replaced = true;
		stage->base.platform = stage->platform;
		return 0;
	}
	if (base != OUTLINE_NO_STAGE) {
		stage->base = (struct origin){ .kind = ORIGIN_STAGE, .stage = base, .name = maker->outline->stages[base].name };
		stage->platform = maker->outline->stages[base].platform;
		return 0;
	}
	r = outline_find_origin(maker->arena, maker->request, name, &stage->platform, &stage->base, maker->err);
	if (r < 0)
		hint_base(maker, name, unset);
	return r;
}

static int begin_stage(struct maker *maker, const struct instruction *instruction)
{
	struct outline_stage *stage = &maker->outline->stages[maker->outline->stage_count];
	struct unset unset = { .arena = maker->arena };
	struct words words = {
		.escape = maker->request->dockerfile->escape, .environment = maker->arguments.list, .used = note_unset, .context = &unset,
	};
	struct instruction *from = NULL;
	int r = instruction_expand(maker->arena, maker->request->dockerfile, instruction, &words, &from, maker->mark, maker->err);

	if (r < 0) {
		if (unset.name)
			hint_argument(maker, unset.name);
		return r;
	}
	stage->number = maker->outline->stage_count;
	stage->name = instruction->stage;
	stage->from = instruction;
	stage->instructions = maker->instructions;
	stage->triggers = maker->triggers;
	r = take_platform(maker, stage, from, unset.name);
	if (r == 0)
		r = take_base(maker, stage, from->image, unset.name);
	if (r < 0)
		return at(maker, instruction, r);
	maker->outline->stage_count++;
	return 0;
}

static int take_trigger(struct maker *maker, struct outline_stage *stage, const struct instruction *instruction)
{
	struct instruction *trigger = NULL;
	int r = instruction_parse(maker->arena, maker->request->dockerfile, instruction->triggered, &trigger, maker->mark, maker->err);

	if (r < 0)
		return r;
	*maker->triggers++ = trigger;
	stage->trigger_count++;
	return 0;
}

static int take_instruction(struct maker *maker, const struct dockerfile_instruction *source)
{
	struct outline *outline = maker->outline;
	struct outline_stage *stage = outline->stage_count > 0 ? &outline->stages[outline->stage_count - 1] : NULL;
	struct instruction *instruction = NULL;
	int r = instruction_parse(maker->arena, maker->request->dockerfile, source, &instruction, maker->mark, maker->err);

	if (r < 0)
		return r;
	if (instruction->kind == INSTRUCTION_FROM)
		return begin_stage(maker, instruction);
	if (!stage && instruction->kind == INSTRUCTION_ARG) {
		*maker->instructions++ = instruction;
		outline->global_count++;
		return take_global(maker, instruction);
	}
	if (!stage) {
		r = error_set(maker->err, ERROR_INVALID, 0, "%s before the first FROM", source->name);
		error_hint(maker->err, "a Dockerfile begins with FROM; only ARG can stand before it");
		return at(maker, instruction, r);
	}
	*maker->instructions++ = instruction;
	stage->instruction_count++;
	return instruction->kind == INSTRUCTION_ONBUILD ? take_trigger(maker, stage, instruction) : 0;
}

/* ---- the whole ---------------------------------------------------------------- */

static int find_target(struct maker *maker)
{
	struct outline *outline = maker->outline;
	const char *name = maker->request->target, *nearest;
	size_t found = name ? outline_find_stage(outline, name, outline->stage_count) : outline->stage_count - 1;

	if (found == OUTLINE_NO_STAGE)
		found = outline_parse_number(name);
	if (found < outline->stage_count) {
		outline->target = found;
		return 0;
	}
	error_set(maker->err, ERROR_INVALID, 0, "%s: no stage '%s' to build", maker->request->dockerfile->name, name);
	nearest = outline_nearest_stage(outline, name);
	if (nearest)
		error_hint(maker->err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static bool takes_up(struct instruction *const *instructions, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; instructions[i]->kind == INSTRUCTION_ARG && j < instructions[i]->pair_count; j++)
			if (str_equal(instructions[i]->pairs[j].name, name))
				return true;
	return false;
}

static bool is_taken_up(const struct outline *outline, const char *name)
{
	bool is = outline_argument_is_predefined(name) || takes_up(outline->globals, outline->global_count, name);

	for (size_t i = 0; !is && i < outline->stage_count; i++)
		is = takes_up(outline->stages[i].instructions, outline->stages[i].instruction_count, name) ||
		     takes_up(outline->stages[i].triggers, outline->stages[i].trigger_count, name);
	return is;
}

static void find_unused(struct maker *maker)
{
	const struct outline_request *request = maker->request;
	size_t count = 0;

	maker->outline->unused_arguments = arena_alloc(maker->arena, request->argument_count + 1, sizeof *maker->outline->unused_arguments);
	for (size_t i = 0; i < request->argument_count; i++)
		if (!is_taken_up(maker->outline, request->arguments[i].name))
			maker->outline->unused_arguments[count++] = request->arguments[i].name;
}

static size_t count_stages(const struct dockerfile *dockerfile)
{
	size_t count = 0;

	for (size_t i = 0; i < dockerfile->instruction_count; i++)
		count += str_equal(dockerfile->instructions[i].name, "FROM");
	return count;
}

static void make_room(struct maker *maker)
{
	size_t count = maker->request->dockerfile->instruction_count;

	maker->outline->request = maker->request;
	maker->outline->stages = arena_alloc(maker->arena, count_stages(maker->request->dockerfile), sizeof *maker->outline->stages);
	maker->instructions = arena_alloc(maker->arena, count, sizeof *maker->instructions);
	maker->triggers = arena_alloc(maker->arena, count, sizeof *maker->triggers);
	maker->outline->globals = maker->instructions;
}

static int take_file(struct maker *maker)
{
	const struct dockerfile *dockerfile = maker->request->dockerfile;

	for (size_t i = 0; i < dockerfile->instruction_count; i++) {
		int r = take_instruction(maker, &dockerfile->instructions[i]);

		if (r < 0)
			return r;
	}
	if (maker->outline->stage_count == 0)
		return error_set(maker->err, ERROR_INVALID, 0, "%s: no FROM: there is nothing to build", dockerfile->name);
	return 0;
}

int outline_make(struct arena *arena, const struct outline_request *request, struct outline **ret, struct dockerfile_mark *mark, struct error *err)
{
	struct maker maker = { .arena = arena, .request = request, .mark = mark, .err = err };
	int r;

	maker.outline = arena_alloc(arena, 1, sizeof *maker.outline);
	make_room(&maker);
	predefine_platform(&maker, "BUILD", &request->build_platform);
	predefine_platform(&maker, "TARGET", &request->target_platform);
	predefine(&maker, "TARGET", "STAGE", request->target ? request->target : "default");
	r = take_file(&maker);
	if (r == 0)
		r = find_target(&maker);
	if (r == 0)
		r = outline_find_needs(arena, maker.outline, mark, err);
	if (r < 0)
		return r;
	outline_need(arena, maker.outline, maker.outline->target);
	find_unused(&maker);
	maker.outline->arguments = maker.arguments.list;
	*ret = maker.outline;
	return 0;
}
