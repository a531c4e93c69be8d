/* SPDX-License-Identifier: Apache-2.0 */
#include "build/lint_stage.h"
#include "build/environment.h"

#include "base/options.h"
#include "base/str.h"
#include "spec/reference.h"

#include <strings.h>

/* ---- names -------------------------------------------------------------------- */

/* The word of that index, as it is written. */
static const char *word_of(struct arena *arena, const char *text, size_t index)
{
	static const char blanks[] = " \t\r\n";

	text += strspn(text, blanks);
	for (; index > 0; index--) {
		text += strcspn(text, blanks);
		text += strspn(text, blanks);
	}
	return arena_strndup(arena, text, strcspn(text, blanks));
}

static bool has(const char *text, char first, char last)
{
	for (; *text; text++)
		if (*text >= first && *text <= last)
			return true;
	return false;
}

static void check_stage_name(struct linter *linter, const struct outline_stage *stage)
{
	const struct dockerfile_instruction *source = stage->from->source;
	const char *as = word_of(linter->arena, source->text, 1), *name = word_of(linter->arena, source->text, 2);
	bool from_lower = !has(source->written, 'A', 'Z'), from_upper = !has(source->written, 'a', 'z');

	if (!stage->name)
		return;
	if (has(name, 'A', 'Z'))
		lint_add(linter, "StageNameCasing", source, "the stage's name '%s' is not in small letters", name);
	if ((from_lower && has(as, 'A', 'Z')) || (from_upper && has(as, 'a', 'z')))
		lint_add(linter, "FromAsCasing", source, "'%s' is not written like '%s'", as, source->written);
	if (str_equal(stage->name, "scratch") || str_equal(stage->name, "context"))
		lint_add(linter, "ReservedStageName", source, "'%s' means something else: a stage should not be called so", stage->name);
	for (size_t i = 0; i < stage->number; i++) {
		if (!str_equal(linter->outline->stages[i].name, stage->name))
			continue;
		lint_add(linter, "DuplicateStageName", source, "there is a stage '%s' already, on line %u", stage->name,
			linter->outline->stages[i].from->source->first_line);
		break;
	}
}

/* The last line of a comment right above begins with the name of what it describes; NAMES: what it may begin with. */
static void check_description(struct linter *linter, const struct dockerfile_instruction *source, const char *const *names, size_t count)
{
	const char *line = source->comment ? strrchr(source->comment, '\n') : NULL, *word;

	if (!source->comment || count == 0)
		return;
	word = word_of(linter->arena, line ? line + 1 : source->comment, 0);
	for (size_t i = 0; i < count; i++)
		if (str_equal(word, names[i]))
			return;
	lint_add(linter, "InvalidDefinitionDescription", source, "the comment above %s should be \"# %s DESCRIPTION\"", source->name,
		count > 1 ? "NAME" : names[0]);
}

static void check_argument_descriptions(struct linter *linter, const struct instruction *instruction)
{
	const char **names = arena_alloc(linter->arena, instruction->pair_count, sizeof *names);

	for (size_t i = 0; i < instruction->pair_count; i++)
		names[i] = instruction->pairs[i].name;
	check_description(linter, instruction->source, names, instruction->pair_count);
}

/* ---- FROM --------------------------------------------------------------------- */

/* What a text of a FROM uses. */
struct uses {
	struct linter *linter;
	const struct dockerfile_instruction *source;
	size_t set, unset;
	bool target_platform;
};

static bool is_declared(const struct outline *outline, const char *name)
{
	for (size_t i = 0; i < outline->global_count; i++)
		for (size_t j = 0; j < outline->globals[i]->pair_count; j++)
			if (str_equal(outline->globals[i]->pairs[j].name, name))
				return true;
	return false;
}

static void note_use(void *context, const char *name, bool is_set)
{
	struct uses *uses = context;
	const struct outline *outline = uses->linter->outline;
	const char **names, *nearest;
	size_t count = 0;

	uses->set += is_set;
	uses->unset += !is_set;
	uses->target_platform |= is_set && str_equal(name, "TARGETPLATFORM");
	if (is_set || is_declared(outline, name))
		return;
	names = arena_alloc(uses->linter->arena, strv_length(outline->arguments), sizeof *names);
	for (; outline->arguments[count]; count++)
		names[count] = arena_strndup(uses->linter->arena, outline->arguments[count], strcspn(outline->arguments[count], "="));
	nearest = options_nearest(name, names, count);
	if (nearest)
		lint_add(uses->linter, "UndefinedArgInFrom", uses->source, "no ARG before this FROM declares '%s' (did you mean '%s'?)", name, nearest);
	else
		lint_add(uses->linter, "UndefinedArgInFrom", uses->source, "no ARG before this FROM declares '%s'", name);
}

static const char *expand(struct linter *linter, char *const *environment, const char *text, struct uses *uses)
{
	struct words words = {
		.escape = linter->outline->request->dockerfile->escape, .environment = environment, .used = uses ? note_use : NULL, .context = uses,
	};
	char *value = NULL;

	return words_expand(linter->arena, &words, text, &value, NULL) == 0 ? value : NULL;
}

static void check_platform(struct linter *linter, const struct outline_stage *stage)
{
	const struct outline *outline = linter->outline;
	const char *text = stage->from->platform, *value;
	struct uses uses = { .linter = linter, .source = stage->from->source };
	struct spec_platform platform = { 0 };

	if (!text)
		return;
	value = expand(linter, outline->arguments, text, &uses);
	if (!value)
		return;
	if (uses.set == 1 && uses.unset == 0 && uses.target_platform && str_equal(value, words_value(outline->arguments, "TARGETPLATFORM")))
		lint_add(linter, "RedundantTargetPlatform", uses.source, "--platform=%s says what holds without it", text);
	if (uses.set + uses.unset > 0 || spec_platform_parse(linter->arena, value, &outline->request->target_platform, &platform, NULL) < 0)
		return;
	if (!stage->name || (!strstr(stage->name, platform.os) && !strstr(stage->name, platform.architecture)))
		lint_add(linter, "FromPlatformFlagConstDisallowed", uses.source, "--platform=%s is the same whatever is built for", value);
}

/* What the arguments before the first FROM are when no option sets any. */
static struct environment default_arguments(struct linter *linter)
{
	const struct outline *outline = linter->outline;
	struct environment environment = { 0 };

	for (char **argument = outline->arguments; *argument; argument++) {
		const char *name = arena_strndup(linter->arena, *argument, strcspn(*argument, "="));

		if (outline_argument_is_predefined(name) && !is_declared(outline, name))
			environment_set(linter->arena, &environment, name, *argument + strlen(name) + 1);
	}
	for (size_t i = 0; i < outline->global_count; i++) {
		for (size_t j = 0; j < outline->globals[i]->pair_count; j++) {
			const struct instruction_pair *pair = &outline->globals[i]->pairs[j];
			const char *value = pair->value ? expand(linter, environment.list, pair->value, NULL) : NULL;

			if (value)
				environment_set(linter->arena, &environment, pair->name, value);
		}
	}
	return environment;
}

static void check_defaults(struct linter *linter)
{
	struct environment environment = default_arguments(linter);

	for (size_t i = 0; i < linter->outline->stage_count; i++) {
		const struct instruction *from = linter->outline->stages[i].from;
		const char *value = expand(linter, environment.list, from->image, NULL);
		struct spec_reference reference;

		if (value && spec_reference_parse(linter->arena, value, &reference, NULL) < 0)
			lint_add(linter, "InvalidDefaultArgInFrom", from->source, "with the defaults of ARG, '%s' is %s%s%s", from->image, *value ? "no image: '" : "blank",
				value, *value ? "'" : "");
	}
}

/* ---- stages ------------------------------------------------------------------- */

/* Of several instructions of a kind only the last one counts: the earlier ones are told of. */
static void check_repeated(struct linter *linter, const struct outline_stage *stage, enum instruction_kind kind)
{
	const struct instruction *last = NULL;

	for (size_t i = 0; i < stage->instruction_count; i++) {
		if (stage->instructions[i]->kind != kind)
			continue;
		if (last)
			lint_add(linter, "MultipleInstructionsDisallowed", last->source, "this %s does not count, as there is another on line %u",
				last->source->name, stage->instructions[i]->source->first_line);
		last = stage->instructions[i];
	}
}

/* Whether the stage or one that it is upon has set a shell before COUNT of its instructions. */
static bool has_shell(const struct outline *outline, const struct outline_stage *stage, size_t count)
{
	for (;;) {
		for (size_t i = 0; i < count; i++)
			if (stage->instructions[i]->kind == INSTRUCTION_SHELL)
				return true;
		if (stage->base.kind != ORIGIN_STAGE)
			return false;
		stage = &outline->stages[stage->base.stage];
		count = stage->instruction_count;
	}
}

static void check_shell_forms(struct linter *linter, const struct outline_stage *stage)
{
	for (size_t i = 0; i < stage->instruction_count; i++) {
		const struct instruction *instruction = stage->instructions[i];

		if ((instruction->kind == INSTRUCTION_CMD || instruction->kind == INSTRUCTION_ENTRYPOINT) && instruction->is_shell_form &&
		    !has_shell(linter->outline, stage, i))
			lint_add(linter, "JSONArgsRecommended", instruction->source, "%s as a text runs in a shell, which keeps signals from the command: write it as [\"…\", …]",
				instruction->source->name);
	}
}

void lint_globals(struct linter *linter)
{
	for (size_t i = 0; i < linter->outline->global_count; i++)
		check_argument_descriptions(linter, linter->outline->globals[i]);
	check_defaults(linter);
}

void lint_stage(struct linter *linter, const struct outline_stage *stage)
{
	struct uses uses = { .linter = linter, .source = stage->from->source };

	check_stage_name(linter, stage);
	expand(linter, linter->outline->arguments, stage->from->image, &uses);
	check_platform(linter, stage);
	if (stage->name)
		check_description(linter, stage->from->source, &stage->name, 1);
	for (size_t i = 0; i < stage->instruction_count; i++)
		if (stage->instructions[i]->kind == INSTRUCTION_ARG)
			check_argument_descriptions(linter, stage->instructions[i]);
	check_repeated(linter, stage, INSTRUCTION_CMD);
	check_repeated(linter, stage, INSTRUCTION_ENTRYPOINT);
	check_repeated(linter, stage, INSTRUCTION_HEALTHCHECK);
	check_shell_forms(linter, stage);
}
