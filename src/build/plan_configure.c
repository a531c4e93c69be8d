/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that change nothing but the configuration, and their entries in the history. */
#include "build/go_text.h"
#include "build/planner.h"

#include "base/str.h"

/* ---- lists -------------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All of both, sorted as docker writes such sets, each once; LIST may be NULL. */
static char **with_words(struct planner *planner, char *const *list, char *const *words)
{
	size_t count = list ? strv_length(list) : 0, more = strv_length(words), unique = 0;
	char **all = arena_alloc(planner->arena, count + more + 1, sizeof *all);

	for (size_t i = 0; i < count + more; i++)
		all[i] = i < count ? list[i] : words[i - count];
	qsort(all, count + more, sizeof *all, compare_words);
	for (size_t i = 0; i < count + more; i++)
		if (unique == 0 || strcmp(all[unique - 1], all[i]) != 0)
			all[unique++] = all[i];
	all[unique] = NULL;
	return all;
}

/* A label, and how many were given before it. */
struct label {
	struct spec_pair pair;
	size_t place;
};

static int compare_labels(const void *a, const void *b)
{
	const struct label *one = a, *other = b;
	int order = strcmp(one->pair.key, other->pair.key);

	return order != 0 ? order : one->place < other->place ? -1 : 1;
}

/* Sorted by name; of equal names the last one counts. */
static void add_labels(struct planner *planner, struct spec_execution *execution, const struct instruction *instruction)
{
	size_t count = execution->label_count, total = count + instruction->pair_count, unique = 0;
	struct label *all = memory_new(total, sizeof *all);
	struct spec_pair *labels = arena_alloc(planner->arena, total, sizeof *labels);

	for (size_t i = 0; i < total; i++) {
		all[i].place = i;
		if (i < count)
			all[i].pair = execution->labels[i];
		else
			all[i].pair = (struct spec_pair){ instruction->pairs[i - count].name, instruction->pairs[i - count].value };
	}
	qsort(all, total, sizeof *all, compare_labels);
	for (size_t i = 0; i < total; i++)
		if (i + 1 == total || strcmp(all[i].pair.key, all[i + 1].pair.key) != 0)
			labels[unique++] = all[i].pair;
	free(all);
	execution->labels = labels;
	execution->label_count = unique;
}

/* ---- the instructions --------------------------------------------------------- */

static void add_pairs(const struct instruction *instruction, struct buf *out)
{
	for (size_t i = 0; i < instruction->pair_count; i++)
		buf_printf(out, " %s=%s", instruction->pairs[i].name, instruction->pairs[i].value);
}

static void set_environment(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);
	struct environment environment = { 0 };

	environment_add(planner->arena, &environment, execution->env);
	for (size_t i = 0; i < instruction->pair_count; i++) {
		environment_set(planner->arena, &environment, instruction->pairs[i].name, instruction->pairs[i].value);
		environment_set(planner->arena, &planner->environment, instruction->pairs[i].name, instruction->pairs[i].value);
	}
	execution->env = environment.list;
	add_pairs(instruction, out);
}

static void set_labels(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);

	add_labels(planner, execution, instruction);
	add_pairs(instruction, out);
}

static void set_ports(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);
	char **ports = with_words(planner, NULL, instruction->words);

	execution->exposed_ports = with_words(planner, execution->exposed_ports, ports);
	buf_add_text(out, " map[");
	for (size_t i = 0; ports[i]; i++)
		buf_printf(out, "%s%s:{}", i > 0 ? " " : "", ports[i]);
	buf_add_char(out, ']');
}

static void set_volumes(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);

	execution->volumes = with_words(planner, execution->volumes, instruction->words);
	buf_add_char(out, ' ');
	go_text_list(out, instruction->words);
}

static void set_user(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	planner_change(planner)->user = *instruction->words[0] ? instruction->words[0] : NULL;
	buf_printf(out, " %s", instruction->words[0]);
}

static void set_stop_signal(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	planner_change(planner)->stop_signal = instruction->words[0];
	buf_printf(out, " %s", instruction->words[0]);
}

static void set_shell(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	planner_change(planner)->shell = instruction->command;
	buf_add_char(out, ' ');
	go_text_list(out, instruction->command);
}

static void set_health_check(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	const struct spec_health_check *check = instruction->health_check;
	const int64_t durations[] = { check->interval_ns, check->timeout_ns, check->start_period_ns, check->start_interval_ns };

	planner_change(planner)->health_check = instruction->health_check;
	buf_add_text(out, " &{");
	go_text_quote_list(out, check->test);
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		buf_add_text(out, " \"");
		go_text_duration(out, durations[i]);
		buf_add_char(out, '"');
	}
	buf_add_char(out, ' ');
	go_text_quote_character(out, check->retries);
	buf_add_char(out, '}');
}

static void set_author(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	planner->stage->author = instruction->words[0];
	buf_printf(out, " %s", instruction->words[0]);
}

static void set_trigger(struct planner *planner, const struct instruction *instruction, struct buf *out _unused_)
{
	struct spec_execution *execution = planner_change(planner);

	execution->on_build = strv_append(planner->arena, execution->on_build, instruction->words[0]);
}

/* CMD and ENTRYPOINT in the form that the image has; NULL for none. */
static char **full_command(struct planner *planner, const struct instruction *instruction)
{
	static char *const usual[] = { (char *)"/bin/sh", (char *)"-c", NULL };
	char *const *shell = planner->execution->shell && planner->execution->shell[0] ? planner->execution->shell : usual;

	if (!instruction->is_shell_form)
		return instruction->command && instruction->command[0] ? instruction->command : NULL;
	return strv_append(planner->arena, shell, instruction->command[0]);
}

static void set_command(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);

	execution->command = full_command(planner, instruction);
	execution->args_escaped = true;
	planner->command_is_set = true;
	buf_add_char(out, ' ');
	go_text_quote_list(out, execution->command);
}

/* A command that is the base's was for the base's entry point. */
static void set_entry_point(struct planner *planner, const struct instruction *instruction, struct buf *out)
{
	struct spec_execution *execution = planner_change(planner);

	execution->entrypoint = full_command(planner, instruction);
	if (!planner->command_is_set)
		execution->command = NULL;
	buf_add_char(out, ' ');
	go_text_quote_list(out, execution->entrypoint);
}

int plan_configure(struct planner *planner, struct plan_step *step)
{
	static void (*const setters[INSTRUCTION_KIND_COUNT])(struct planner *, const struct instruction *, struct buf *) = {
		[INSTRUCTION_CMD] = set_command,
		[INSTRUCTION_ENTRYPOINT] = set_entry_point,
		[INSTRUCTION_ENV] = set_environment,
		[INSTRUCTION_EXPOSE] = set_ports,
		[INSTRUCTION_HEALTHCHECK] = set_health_check,
		[INSTRUCTION_LABEL] = set_labels,
		[INSTRUCTION_MAINTAINER] = set_author,
		[INSTRUCTION_ONBUILD] = set_trigger,
		[INSTRUCTION_SHELL] = set_shell,
		[INSTRUCTION_STOPSIGNAL] = set_stop_signal,
		[INSTRUCTION_USER] = set_user,
		[INSTRUCTION_VOLUME] = set_volumes,
	};
	struct buf out = BUF_INIT;

	step->kind = PLAN_CONFIGURE;
	buf_add_text(&out, step->instruction->source->name);
	setters[step->instruction->kind](planner, step->instruction, &out);
	step->created_by = planner_take(planner, &out);
	if (step->instruction->kind == INSTRUCTION_ONBUILD)
		step->created_by = NULL;
	return 0;
}

/*
 * What one name of an ARG is worth: the option, the default, or what the same
 * argument is before the first FROM. A default that does not count may be
 * wrong.
 */
static int argument_value(struct planner *planner, const struct instruction_pair *pair, const char **ret, const char **ret_default)
{
	const struct outline *outline = planner->request->outline;
	const char *given = outline_argument_value(outline->request, pair->name);
	struct words words = planner_words(planner);
	char *value = NULL;
	int r = pair->value ? words_expand(planner->arena, &words, pair->value, &value, given ? NULL : planner->err) : 0;

	if (r < 0 && !given)
		return planner_at(planner, r);
	*ret = given ? given : value ? value : words_value(outline->arguments, pair->name);
	*ret_default = value ? value : pair->value;
	return 0;
}

int plan_argument(struct planner *planner, struct plan_step *step)
{
	struct buf out = BUF_INIT;
	int r = 0;

	step->kind = PLAN_CONFIGURE;
	buf_add_text(&out, "ARG");
	for (size_t i = 0; r == 0 && i < step->instruction->pair_count; i++) {
		const struct instruction_pair *pair = &step->instruction->pairs[i];
		const char *value = NULL, *written = NULL;

		r = argument_value(planner, pair, &value, &written);
		if (value)
			environment_set(planner->arena, &planner->environment, pair->name, value);
		environment_set(planner->arena, &planner->arguments, pair->name, value ? value : "");
		buf_printf(&out, " %s%s%s", pair->name, written ? "=" : "", written ? written : "");
	}
	step->created_by = planner_take(planner, &out);
	return r;
}
