/* SPDX-License-Identifier: Apache-2.0 */
#include "build/plan.h"
#include "build/path_pattern.h"
#include "build/plan_key.h"
#include "build/planner.h"
#include "build/trigger.h"

#include "base/options.h"
#include "base/str.h"

#include <stdarg.h>

/* ---- for the modules of the plan ---------------------------------------------- */

struct spec_execution *planner_change(struct planner *planner)
{
	if (planner->is_shared) {
		struct spec_execution *copy = arena_alloc(planner->arena, 1, sizeof *copy);

		*copy = *planner->execution;
		planner->execution = copy;
		planner->is_shared = false;
	}
	return planner->execution;
}

const char *planner_directory(const struct planner *planner)
{
	return str_is_empty(planner->execution->working_directory) ? "/" : planner->execution->working_directory;
}

char *planner_absolute(struct planner *planner, const char *path)
{
	const char *from = *path == '/' ? "" : planner_directory(planner);

	return arena_printf(planner->arena, "/%s", path_pattern_clean(planner->arena, arena_printf(planner->arena, "/%s/%s", from, path)));
}

int planner_at(struct planner *planner, int r)
{
	*planner->mark = planner->source->source->mark;
	(void)error_wrap(planner->err, "%s:%u", planner->dockerfile->name, planner->mark->line);
	return r;
}

int planner_fail(struct planner *planner, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	*planner->mark = planner->source->source->mark;
	return error_set(planner->err, ERROR_INVALID, 0, "%s:%u: %s", planner->dockerfile->name, planner->mark->line, text);
}

/* What an image triggers has no place of its own in the file but the FROM. */
static struct dockerfile_mark place(const struct planner *planner)
{
	bool is_of_file = planner->dockerfile == planner->request->outline->request->dockerfile;

	return is_of_file ? planner->source->source->mark : planner->from->from->source->mark;
}

void planner_warn(struct planner *planner, const char *rule, char *text)
{
	struct plan_request *request = planner->request;

	if (request->warning_count == planner->warning_room) {
		struct dockerfile_warning *warnings;

		planner->warning_room = 2 * planner->warning_room + 8;
		warnings = arena_alloc(planner->arena, planner->warning_room, sizeof *warnings);
		for (size_t i = 0; i < request->warning_count; i++)
			warnings[i] = request->warnings[i];
		request->warnings = warnings;
	}
	request->warnings[request->warning_count++] = (struct dockerfile_warning){ .rule = rule, .mark = place(planner), .text = text };
}

char *planner_take(struct planner *planner, struct buf *out)
{
	char *text = arena_strndup(planner->arena, out->data, out->length);

	buf_done(out);
	return text;
}

/* ---- variables ---------------------------------------------------------------- */

static const char *nearest_variable(struct planner *planner, const char *name)
{
	size_t count = planner->environment.count;
	const char **names = arena_alloc(planner->arena, count, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = arena_strndup(planner->arena, planner->environment.list[i], strcspn(planner->environment.list[i], "="));
	return options_nearest(name, names, count);
}

static void note_use(void *context, const char *name, bool is_set)
{
	struct planner *planner = context;
	const char *nearest;
	char *text;

	if (is_set || words_value(planner->arguments.list, name))
		return;
	nearest = nearest_variable(planner, name);
	text = nearest ? arena_printf(planner->arena, "nothing has set '$%s' (did you mean '$%s'?)", name, nearest) :
			 arena_printf(planner->arena, "nothing has set '$%s'", name);
	for (size_t i = planner->request->warning_count; i > 0; i--) {
		const struct dockerfile_warning *warning = &planner->request->warnings[i - 1];

		if (warning->mark.line != place(planner).line)
			break;
		if (str_equal(warning->text, text))
			return;
	}
	planner_warn(planner, "UndefinedVar", text);
}

struct words planner_words(const struct planner *planner)
{
	return (struct words){
		.escape = planner->dockerfile->escape, .environment = planner->environment.list, .used = note_use, .context = (void *)planner,
	};
}

/* ---- steps -------------------------------------------------------------------- */

/* A here-document's first line stands for it. */
static void add_summary(const struct dockerfile_instruction *source, struct buf *out)
{
	const char *text = source->heredoc_count > 0 ? source->heredocs[0].content : "";
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strcspn(text, "\r\n");
	if (length == 0)
		return;
	buf_add_text(out, " (");
	buf_add(out, text, length);
	buf_add_text(out, text[length + strspn(text + length, " \t\r\n")] ? "...)" : ")");
}

/* The instruction as progress shows it: variables replaced, but for what is left to the shell of RUN, and for secrets. */
static const char *show(struct planner *planner, const struct instruction *instruction)
{
	const struct dockerfile_instruction *source = instruction->source;
	struct environment environment = planner->environment;
	struct words words = { .escape = planner->dockerfile->escape };
	struct buf out = BUF_INIT;
	char *text;

	if (instruction->kind == INSTRUCTION_RUN) {
		words.keeps_quotes = words.keeps_escapes = words.keeps_unset = true;
		for (size_t i = 0; i < instruction->mount_count; i++) {
			if (!instruction->mounts[i].env)
				continue;
			if (environment.list == planner->environment.list)
				environment = environment_copy(planner->arena, &planner->environment);
			environment_set(planner->arena, &environment, instruction->mounts[i].env, "****");
		}
	}
	words.environment = environment.list;
	if (words_expand(planner->arena, &words, source->original, &text, NULL) < 0)
		text = source->original;
	buf_add_text(&out, source->name);
	buf_add_text(&out, text + strcspn(text, " \t\r\n"));
	if (instruction->kind == INSTRUCTION_RUN)
		add_summary(source, &out);
	return planner_take(planner, &out);
}

static int plan_step(struct planner *planner, struct plan_step *step)
{
	static int (*const makers[INSTRUCTION_KIND_COUNT])(struct planner *, struct plan_step *) = {
		[INSTRUCTION_ADD] = plan_copy,
		[INSTRUCTION_COPY] = plan_copy,
		[INSTRUCTION_RUN] = plan_run,
		[INSTRUCTION_WORKDIR] = plan_directory,
	};
	const struct instruction *source = planner->source;
	struct words words = planner_words(planner);
	struct instruction *expanded = NULL;
	int r;

	step->instruction = source;
	if (source->kind == INSTRUCTION_ARG)
		return plan_argument(planner, step);
	r = instruction_expand(planner->arena, planner->dockerfile, source, &words, &expanded, planner->mark, planner->err);
	if (r < 0)
		return r;
	step->instruction = expanded;
	return (makers[source->kind] ? makers[source->kind] : plan_configure)(planner, step);
}

/* Texts of steps hold texts of variables again and again. */
static int check_size(struct planner *planner, const struct plan_step *step)
{
	const char *const texts[] = { step->shown, step->created_by, step->key };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		planner->text += texts[i] ? strlen(texts[i]) : 0;
	planner->text += planner->environment.count * sizeof(char *);
	if (planner->text > PLAN_TEXT_LIMIT)
		return planner_fail(planner, "the stage is too large: its steps say more than %u MiB", PLAN_TEXT_LIMIT >> 20);
	if (planner->environment.count > PLAN_VARIABLE_LIMIT)
		return planner_fail(planner, "more than %d variables", PLAN_VARIABLE_LIMIT);
	return 0;
}

static int add_step(struct planner *planner, const struct dockerfile *dockerfile, const struct instruction *instruction, bool is_trigger)
{
	struct plan_step *step = &planner->stage->steps[planner->stage->step_count];
	int r;

	planner->dockerfile = dockerfile;
	planner->source = instruction;
	if (instruction->pair_count > PLAN_VARIABLE_LIMIT)
		return planner_fail(planner, "more than %d names in one instruction", PLAN_VARIABLE_LIMIT);
	step->is_trigger = is_trigger;
	step->shown = show(planner, instruction);
	r = plan_step(planner, step);
	if (r < 0)
		return r;
	step->key = plan_key(planner->arena, step, planner->execution->user ? planner->execution->user : "", planner->environment.list);
	r = check_size(planner, step);
	if (r < 0)
		return r;
	step->execution = planner->execution;
	planner->is_shared = true;
	planner->stage->step_count++;
	return 0;
}

/* ---- triggers ----------------------------------------------------------------- */

static int follow_trigger(struct planner *planner, const char *text)
{
	struct dockerfile *dockerfile = NULL;
	struct instruction *instruction = NULL;
	int r = trigger_parse(planner->arena, planner->request->outline, planner->from, text, &dockerfile, &instruction, planner->mark, planner->err);

	if (r == 0)
		r = add_step(planner, dockerfile, instruction, true);
	if (r < 0)
		*planner->mark = planner->from->from->source->mark;
	return r;
}

static int follow_triggers(struct planner *planner, char *const *triggers)
{
	const struct outline *outline = planner->request->outline;
	const struct outline_stage *base = planner->request->base.stage ? &outline->stages[planner->from->base.stage] : NULL;
	int r = 0;

	if (base && !base->is_replaced) {
		for (size_t i = 0; r == 0 && i < base->trigger_count; i++)
			r = add_step(planner, outline->request->dockerfile, base->triggers[i], true);
		return r;
	}
	for (; r == 0 && triggers && *triggers; triggers++)
		r = follow_trigger(planner, *triggers);
	return r;
}

/* ---- the whole ---------------------------------------------------------------- */

static char *clean_directory(struct planner *planner, const char *path)
{
	return arena_printf(planner->arena, "/%s", path_pattern_clean(planner->arena, arena_printf(planner->arena, "/%s", path)));
}

/* What the base leaves to the stage. */
static void begin(struct planner *planner)
{
	const struct plan_base *base = &planner->request->base;
	const struct spec_execution *from = base->stage ? base->stage->execution : base->execution;
	struct spec_execution *execution = arena_alloc(planner->arena, 1, sizeof *execution);
	const char *os = base->platform_os ? base->platform_os : planner->from->platform.os;

	planner->execution = execution;
	if (from)
		*execution = *from;
	else
		execution->working_directory = (char *)"/";
	execution->on_build = NULL;
	if (!str_is_empty(execution->working_directory))
		execution->working_directory = clean_directory(planner, execution->working_directory);
	if (!words_value(execution->env, "PATH") && !str_equal(os, "windows") && planner->request->default_path) {
		struct environment environment = { 0 };

		environment_add(planner->arena, &environment, execution->env);
		environment_set(planner->arena, &environment, "PATH", planner->request->default_path);
		execution->env = environment.list;
	}
	if (base->stage) {
		environment_add(planner->arena, &planner->environment, base->stage->environment);
		environment_add(planner->arena, &planner->arguments, base->stage->arguments);
	}
	environment_add(planner->arena, &planner->environment, execution->env);
	planner->stage->author = base->stage ? base->stage->author : base->author;
}

static size_t count_triggers(const struct planner *planner, char *const *triggers)
{
	const struct outline *outline = planner->request->outline;

	if (planner->request->base.stage)
		return outline->stages[planner->from->base.stage].trigger_count;
	return triggers ? strv_length(triggers) : 0;
}

/* "2/5": only what is to be seen while it is done. */
static void number_steps(struct plan_stage *stage)
{
	size_t number = stage->outline->base.kind == ORIGIN_IMAGE || stage->outline->base.kind == ORIGIN_NAMED ? 1 : 0;

	for (size_t i = 0; i < stage->step_count; i++)
		if (stage->steps[i].kind != PLAN_CONFIGURE)
			stage->steps[i].number = ++number;
	for (size_t i = 0; i < stage->step_count; i++)
		stage->steps[i].count = number;
}

static const char *title(struct arena *arena, const struct outline *outline, const struct outline_stage *stage)
{
	if (outline->stage_count == 1)
		return "";
	return stage->name ? stage->name : arena_printf(arena, "stage-%zu", stage->number);
}

static int follow(struct planner *planner)
{
	const struct plan_base *base = &planner->request->base;
	char *const *triggers = !base->stage && base->execution ? base->execution->on_build : NULL;
	const struct outline_stage *from = planner->from;
	int r;

	planner->stage->steps = arena_alloc(planner->arena, count_triggers(planner, triggers) + from->instruction_count, sizeof *planner->stage->steps);
	if (from->is_replaced)
		return 0;
	r = follow_triggers(planner, triggers);
	for (size_t i = 0; r == 0 && i < from->instruction_count; i++)
		r = add_step(planner, planner->request->outline->request->dockerfile, from->instructions[i], false);
	return r;
}

int build_plan_make(struct arena *arena, struct plan_request *request, struct plan_stage **ret, struct dockerfile_mark *mark, struct error *err)
{
	struct planner planner = {
		.arena = arena, .request = request, .from = &request->outline->stages[request->stage], .mark = mark, .err = err,
		.warning_room = request->warning_count,
	};
	int r;

	planner.stage = arena_alloc(arena, 1, sizeof *planner.stage);
	planner.stage->outline = planner.from;
	planner.stage->title = title(arena, request->outline, planner.from);
	begin(&planner);
	r = follow(&planner);
	if (r < 0)
		return r;
	number_steps(planner.stage);
	planner.stage->execution = planner.execution;
	planner.stage->environment = planner.environment.list;
	planner.stage->arguments = planner.arguments.list;
	*ret = planner.stage;
	return 0;
}
