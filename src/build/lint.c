/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked for in an outline. What takes values of variables comes from
 * plans, what takes lines as they are from the parser; here all of it is
 * gathered, sorted and sifted.
 */
#include "build/lint.h"
#include "build/lint_stage.h"
#include "build/path_pattern.h"

#include "base/str.h"

#include <stdarg.h>
#include <strings.h>

void lint_add(struct linter *linter, const char *rule, const struct dockerfile_instruction *source, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	lint_add_warning(linter, &(struct dockerfile_warning){ .rule = rule, .mark = source->mark, .text = arena_strdup(linter->arena, text) });
}

void lint_add_warning(struct linter *linter, const struct dockerfile_warning *warning)
{
	if (linter->count == linter->room) {
		struct dockerfile_warning *list;

		linter->room = 2 * linter->room + 16;
		list = arena_alloc(linter->arena, linter->room, sizeof *list);
		for (size_t i = 0; i < linter->count; i++)
			list[i] = linter->list[i];
		linter->list = list;
	}
	linter->list[linter->count++] = *warning;
}

/* ---- how it is written -------------------------------------------------------- */

static bool is_lower(const char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			return false;
	return true;
}

static bool is_upper(const char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			return false;
	return true;
}

static void check_casing_of(struct linter *linter, const struct dockerfile_instruction *source, bool lower)
{
	if (!(lower ? is_lower : is_upper)(source->written))
		lint_add(linter, "ConsistentInstructionCasing", source, "'%s' is not in %s, as most instructions are", source->written,
			lower ? "small letters" : "capitals");
}

static void check_casing(struct linter *linter)
{
	const struct outline *outline = linter->outline;
	size_t lower = 0, upper = 0;

	for (size_t i = 0; i < outline->stage_count; i++) {
		const struct outline_stage *stage = &outline->stages[i];

		for (size_t j = 0; j < stage->instruction_count + 1; j++) {
			const char *written = (j == 0 ? stage->from : stage->instructions[j - 1])->source->written;

			lower += is_lower(written);
			upper += is_upper(written);
		}
	}
	for (size_t i = 0; i < outline->stage_count; i++) {
		const struct outline_stage *stage = &outline->stages[i];

		for (size_t j = 0; j < stage->instruction_count + 1; j++)
			check_casing_of(linter, (j == 0 ? stage->from : stage->instructions[j - 1])->source, lower > upper);
	}
}

/* ---- instructions ------------------------------------------------------------- */

/* Whether one of the words that '_' parts is in the list. */
static bool has_word(const char *name, const char *const *words, size_t count)
{
	for (size_t length; *name; name += length + (name[length] == '_')) {
		length = strcspn(name, "_");
		for (size_t i = 0; i < count; i++)
			if (strlen(words[i]) == length && strncasecmp(name, words[i], length) == 0)
				return true;
	}
	return false;
}

static bool is_secret(const char *name)
{
	static const char *const secret[] = {
		"apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
	};
	static const char *const harmless[] = { "public", "file", "version" };

	return has_word(name, secret, ARRAY_SIZE(secret)) && !has_word(name, harmless, ARRAY_SIZE(harmless));
}

static void check_pairs(struct linter *linter, const struct instruction *instruction)
{
	const char *written = instruction->source->written;

	if (instruction->is_legacy_pair)
		lint_add(linter, "LegacyKeyValueFormat", instruction->source, "\"%s NAME VALUE\" is the old form: write \"%s NAME=VALUE\"", written, written);
	for (size_t i = 0; instruction->kind != INSTRUCTION_LABEL && i < instruction->pair_count; i++)
		if (is_secret(instruction->pairs[i].name))
			lint_add(linter, "SecretsUsedInArgOrEnv", instruction->source, "%s '%s' looks like a secret, which would stay in the image: use RUN --mount=type=secret",
				instruction->source->name, instruction->pairs[i].name);
}

static void check_ports(struct linter *linter, const struct instruction *instruction)
{
	for (char **word = instruction->words; *word; word++) {
		const char *protocol = strchr(*word, '/');

		if (strchr(*word, '$'))
			continue;
		if (protocol && !is_lower(protocol))
			lint_add(linter, "ExposeProtoCasing", instruction->source, "the protocol of '%s' is not in small letters", *word);
		if (strchr(*word, ':'))
			lint_add(linter, "ExposeInvalidFormat", instruction->source, "'%s' names an address or a port of the host, which EXPOSE cannot", *word);
	}
}

static void check_ignored(struct linter *linter, const struct instruction *instruction)
{
	const struct ignore *ignore = linter->settings->ignore;

	if (instruction->from || ignore_is_empty(ignore) || ignore_takes_back(ignore))
		return;
	for (char **source = instruction->sources; *source; source++) {
		char *path = path_pattern_clean(linter->arena, *source);

		if (!strchr(*source, '$') && !strstr(*source, "://") && *path && ignore_matches(ignore, path))
			lint_add(linter, "CopyIgnoredFile", instruction->source, "'%s' is left out of the context by .dockerignore", *source);
	}
}

static void check_instruction(struct linter *linter, const struct instruction *instruction)
{
	switch (instruction->kind) {
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL:
		check_pairs(linter, instruction);
		break;
	case INSTRUCTION_COPY:
	case INSTRUCTION_ADD:
		check_ignored(linter, instruction);
		break;
	case INSTRUCTION_EXPOSE:
		check_ports(linter, instruction);
		break;
	case INSTRUCTION_MAINTAINER:
		lint_add(linter, "MaintainerDeprecated", instruction->source, "MAINTAINER is deprecated: use LABEL org.opencontainers.image.authors=…");
		break;
	default:
		break;
	}
}

/* ---- which of them ------------------------------------------------------------ */

static bool is_wanted(const struct lint_settings *settings, const struct lint_rule *rule)
{
	if (rule->experimental)
		return settings->all_experimental || (settings->experimental && strv_contains(settings->experimental, rule->name));
	return !settings->skips_all && !(settings->skipped && strv_contains(settings->skipped, rule->name));
}

/* "check=skip=A" among the comment lines above an instruction. */
static bool is_skipped_by(struct linter *linter, const struct dockerfile_instruction *source, const struct lint_rule *rule)
{
	struct lint_settings settings = { 0 };

	for (const char *line = source->comment; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *text = line + strspn(line, " \t");
		size_t length;

		if (strncmp(text, "check", 5) != 0)
			continue;
		text += 5 + strspn(text + 5, " \t");
		if (*text++ != '=')
			continue;
		text += strspn(text, " \t");
		length = strcspn(text, " \t\r\n");
		if (lint_settings_parse(linter->arena, arena_strndup(linter->arena, text, length), &settings, NULL) == 0)
			return !rule->experimental && !is_wanted(&settings, rule);
	}
	return false;
}

static const struct dockerfile_instruction *find_source(const struct dockerfile *dockerfile, unsigned line)
{
	size_t low = 0, high = dockerfile->instruction_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dockerfile->instructions[middle].last_line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < dockerfile->instruction_count && dockerfile->instructions[low].first_line <= line ? &dockerfile->instructions[low] : NULL;
}

static void sift(struct linter *linter)
{
	size_t count = 0;

	for (size_t i = 0; i < linter->count; i++) {
		const struct dockerfile_warning *warning = &linter->list[i];
		const struct lint_rule *rule = lint_rule_find(warning->rule);
		const struct dockerfile_instruction *source = find_source(linter->outline->request->dockerfile, warning->mark.line);

		if (rule && is_wanted(linter->settings, rule) && !(source && is_skipped_by(linter, source, rule)))
			linter->list[count++] = *warning;
	}
	linter->count = count;
}

struct ordered {
	struct dockerfile_warning warning;
	size_t place;
};

static int compare(const void *a, const void *b)
{
	const struct ordered *one = a, *other = b;

	if (one->warning.mark.line != other->warning.mark.line)
		return one->warning.mark.line < other->warning.mark.line ? -1 : 1;
	return one->place < other->place ? -1 : one->place > other->place;
}

static void sort(struct linter *linter)
{
	struct ordered *list = memory_new(linter->count, sizeof *list);

	for (size_t i = 0; i < linter->count; i++)
		list[i] = (struct ordered){ linter->list[i], i };
	qsort(list, linter->count, sizeof *list, compare);
	for (size_t i = 0; i < linter->count; i++)
		linter->list[i] = list[i].warning;
	free(list);
}

void lint(struct arena *arena, const struct outline *outline, const struct dockerfile_warning *extra, size_t extra_count,
	const struct lint_settings *settings, struct dockerfile_warning **ret, size_t *ret_count)
{
	struct linter linter = { .arena = arena, .outline = outline, .settings = settings };
	const struct dockerfile *dockerfile = outline->request->dockerfile;

	for (size_t i = 0; i < dockerfile->warning_count; i++)
		lint_add_warning(&linter, &dockerfile->warnings[i]);
	check_casing(&linter);
	lint_globals(&linter);
	for (size_t i = 0; i < outline->stage_count; i++) {
		lint_stage(&linter, &outline->stages[i]);
		for (size_t j = 0; j < outline->stages[i].instruction_count; j++)
			check_instruction(&linter, outline->stages[i].instructions[j]);
	}
	for (size_t i = 0; i < extra_count; i++)
		lint_add_warning(&linter, &extra[i]);
	sift(&linter);
	sort(&linter);
	*ret = linter.list;
	*ret_count = linter.count;
}
