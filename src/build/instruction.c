/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction.h"
#include "build/dockerfile_heredoc.h"
#include "build/dockerfile_line.h"
#include "build/instruction_context.h"
#include "build/instruction_flags.h"
#include "build/instruction_health.h"
#include "build/instruction_pairs.h"
#include "build/instruction_run.h"

#include <ctype.h>
#include <strings.h>

const char *const instruction_names[] = {
	"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL",
	"USER", "VOLUME", "WORKDIR", NULL,
};

static char **list_of(struct arena *arena, char *word)
{
	char **ret = arena_alloc(arena, 2, sizeof(*ret));

	ret[0] = word;
	return ret;
}

static char *given(char *text)
{
	return str_is_empty(text) ? NULL : text;
}

/* ---- FROM ---------------------------------------------------------------- */

static int read_stage(const struct instruction_context *c, const char *name, struct instruction *ret)
{
	char *stage = arena_strdup(c->arena, name);
	bool is_valid = isalpha((unsigned char)*stage);
	int r;

	for (char *at = stage; *at; at++) {
		*at = (char)tolower((unsigned char)*at);
		is_valid &= isalnum((unsigned char)*at) || strchr("-_.", *at);
	}
	if (!is_valid) {
		r = instruction_fail(c, name, "'%s' is no name of a stage", name);
		error_hint(c->err, "a letter comes first, then letters, digits, '-', '_' and '.'");
		return r;
	}
	ret->stage = stage;
	return 0;
}

static int fail_from(const struct instruction_context *c, char *const *words)
{
	int r;

	if (!words[0])
		return instruction_fail(c, NULL, "FROM has no image");
	if (strcasecmp(words[1], "as") == 0 && !words[2])
		return instruction_fail(c, words[1], "'%s' without the name of a stage", words[1]);
	if (strcasecmp(words[1], "as") == 0)
		return instruction_fail(c, words[3], "'%s' behind the name of a stage", words[3]);
	r = instruction_fail(c, words[1], "FROM takes one image, not '%s', too", words[1]);
	error_hint(c->err, words[2] ? "FROM %s AS %s names the stage" : "FROM %s AS NAME names the stage", words[0], words[2]);
	return r;
}

static int read_from(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret)
{
	char **words = dockerfile_line_words(c->arena, c->source->text);

	if (!words[0] || (words[1] && (!words[2] || words[3] || strcasecmp(words[1], "as") != 0)))
		return fail_from(c, words);
	ret->platform = given(flags->platform);
	ret->image = words[0];
	return words[1] ? read_stage(c, words[2], ret) : 0;
}

/* ---- COPY and ADD ---------------------------------------------------------------- */

static const struct dockerfile_heredoc *find_heredoc(const struct dockerfile_instruction *source, const char *name)
{
	for (size_t i = source->heredoc_count; i > 0; i--)
		if (str_equal(source->heredocs[i - 1].name, name))
			return &source->heredocs[i - 1];
	return NULL;
}

/* Whether the word is the name of a here-document; it becomes a file. */
static bool take_file(const struct instruction_context *c, const char *word, struct instruction *ret)
{
	struct dockerfile_heredoc announced;
	const struct dockerfile_heredoc *heredoc;

	if (!c->source->heredoc_count || !dockerfile_heredoc_of_word(c->arena, word, &announced))
		return false;
	heredoc = find_heredoc(c->source, announced.name);
	if (!heredoc)
		return false;
	ret->files[ret->file_count++] = (struct instruction_file){ heredoc->name, heredoc->content, heredoc->expands };
	return true;
}

static int read_sources(const struct instruction_context *c, char **words, size_t count, struct instruction *ret)
{
	struct dockerfile_heredoc unused;
	size_t sources = 0;
	int r;

	if (count < 2) {
		r = count ? instruction_fail(c, words[0], "%s has no destination for '%s'", c->source->name, words[0]) :
			instruction_fail(c, NULL, "%s has no source and no destination", c->source->name);
		error_hint(c->err, "the last word is the destination: %s SOURCE… DESTINATION", c->source->name);
		return r;
	}
	ret->destination = words[count - 1];
	if (c->source->heredoc_count && dockerfile_heredoc_of_word(c->arena, ret->destination, &unused))
		return instruction_fail(c, ret->destination, "a here-document cannot be a destination");
	ret->sources = arena_alloc(c->arena, count, sizeof(*ret->sources));
	ret->files = arena_alloc(c->arena, count, sizeof(*ret->files));
	for (size_t i = 0; i + 1 < count; i++)
		if (!take_file(c, words[i], ret))
			ret->sources[sources++] = words[i];
	for (size_t i = 0; i < ret->file_count; i++)
		if (!dockerfile_heredoc_is_file_name(ret->files[i].name))
			return instruction_fail(c, ret->files[i].name, "'%s' is no name of a file", ret->files[i].name);
	return 0;
}

/* A stage, context or image is decided upon before any variable is known. */
static int check_from(const struct instruction_context *c, const char *from)
{
	int r;

	if (!from || !strpbrk(from, "$\"'"))
		return 0;
	r = instruction_fail(c, from, "variables are not replaced in --from");
	error_hint(c->err, "name a stage with FROM %s AS NAME, and use that name here", from);
	return r;
}

static int read_copy(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret)
{
	char **words = c->source->json ? c->source->json : dockerfile_line_words(c->arena, c->source->text);
	size_t count = 0;
	int r = check_from(c, flags->from);

	while (words[count])
		count++;
	ret->from = given(flags->from);
	ret->chown = given(flags->chown);
	ret->chmod = given(flags->chmod);
	ret->checksum = given(flags->checksum);
	ret->link = flags->link.value;
	ret->parents = flags->parents.value;
	ret->excludes = flags->excludes;
	ret->keep_git_dir = flags->keep_git_dir.value;
	ret->has_unpack = flags->unpack.is_given;
	ret->unpack = flags->unpack.value;
	return r < 0 ? r : read_sources(c, words, count, ret);
}

/* ---- words ---------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_expose(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	size_t count = 0;

	ret->words = dockerfile_line_words(c->arena, c->source->text);
	while (ret->words[count])
		count++;
	if (!count)
		return instruction_fail(c, NULL, "EXPOSE has no port");
	qsort(ret->words, count, sizeof(*ret->words), compare_words); /* as docker has them */
	return 0;
}

static int read_volume(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	ret->words = c->source->json ? c->source->json : dockerfile_line_words(c->arena, c->source->text);
	if (!ret->words[0])
		return instruction_fail(c, NULL, "VOLUME has no directory");
	for (char **word = ret->words; *word; word++) {
		*word = str_trim_end(*word + strspn(*word, DOCKERFILE_BLANKS "\n"));
		if (!**word)
			return instruction_fail(c, NULL, "VOLUME has an empty name");
	}
	return 0;
}

/* All of the text is one word. */
static int read_text(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	if (!*c->source->text)
		return instruction_fail(c, NULL, "%s has no value", c->source->name);
	ret->words = list_of(c->arena, c->source->text);
	return 0;
}

/* ---- the others ---------------------------------------------------------------- */

static int read_pairs(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	return instruction_pairs_read(c, ret);
}

static int read_arguments(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	return instruction_pairs_read_arguments(c, ret);
}

static int read_command(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	instruction_run_read_command(c, ret);
	return 0;
}

static int read_shell(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	int r;

	if (!c->source->json || !c->source->json[0]) {
		r = instruction_fail(c, c->source->text, "SHELL takes an array in JSON");
		error_hint(c->err, "such as SHELL [\"/bin/bash\", \"-c\"]");
		return r;
	}
	instruction_run_read_command(c, ret);
	return 0;
}

/* ONBUILD's text: how its instruction is written, with here-documents. */
static char *triggered_text(const struct instruction_context *c)
{
	const struct dockerfile_instruction *inner = c->source->triggered;
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add_text(&text, inner->original);
	for (size_t i = 0; i < inner->heredoc_count; i++)
		buf_printf(&text, "\n%s%s", inner->heredocs[i].written, inner->heredocs[i].name);
	return arena_strndup(c->arena, text.data, text.length);
}

static int read_onbuild(const struct instruction_context *c, const struct instruction_flags *flags _unused_, struct instruction *ret)
{
	static const char *const refused[] = { "FROM", "MAINTAINER", "ONBUILD" };
	const struct dockerfile_instruction *inner = c->source->triggered;
	struct instruction *parsed;

	if (!inner)
		return instruction_fail(c, NULL, "ONBUILD has no instruction");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_equal(inner->name, refused[i]))
			return instruction_fail(c, inner->written, "%s cannot be behind ONBUILD", inner->name);
	ret->triggered = c->source->triggered;
	ret->words = list_of(c->arena, triggered_text(c));
	return instruction_parse(c->arena, c->dockerfile, inner, &parsed, c->mark, c->err);
}

/* ---- all ---------------------------------------------------------------- */

typedef int reader(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret);

static reader *const readers[INSTRUCTION_KIND_COUNT] = {
	[INSTRUCTION_ADD] = read_copy,
	[INSTRUCTION_ARG] = read_arguments,
	[INSTRUCTION_CMD] = read_command,
	[INSTRUCTION_COPY] = read_copy,
	[INSTRUCTION_ENTRYPOINT] = read_command,
	[INSTRUCTION_ENV] = read_pairs,
	[INSTRUCTION_EXPOSE] = read_expose,
	[INSTRUCTION_FROM] = read_from,
	[INSTRUCTION_HEALTHCHECK] = instruction_health_read,
	[INSTRUCTION_LABEL] = read_pairs,
	[INSTRUCTION_MAINTAINER] = read_text,
	[INSTRUCTION_ONBUILD] = read_onbuild,
	[INSTRUCTION_RUN] = instruction_run_read,
	[INSTRUCTION_SHELL] = read_shell,
	[INSTRUCTION_STOPSIGNAL] = read_text,
	[INSTRUCTION_USER] = read_text,
	[INSTRUCTION_VOLUME] = read_volume,
	[INSTRUCTION_WORKDIR] = read_text,
};

/* The RUN whose next line this may have been meant to be, if it begins right behind it. */
static const struct dockerfile_instruction *run_above(const struct instruction_context *c)
{
	const struct dockerfile *file = c->dockerfile;

	for (size_t i = 1; i < file->instruction_count; i++)
		if (&file->instructions[i] == c->source) {
			const struct dockerfile_instruction *before = &file->instructions[i - 1];

			return str_equal(before->name, "RUN") && before->last_line + 1 == c->source->first_line ? before : NULL;
		}
	return NULL;
}

/* What is often found where an instruction should be. */
static bool hint_known_mistake(const struct instruction_context *c)
{
	static const struct {
		const char *beginning, *hint;
	} mistakes[] = {
		{ "//", "a comment begins with '#'" },
		{ "/*", "a comment begins with '#'" },
		{ "--", "a comment begins with '#'" },
		{ "<<<<<<<", "two versions of the file were merged, and nobody decided between them" },
		{ "=======", "two versions of the file were merged, and nobody decided between them" },
		{ ">>>>>>>", "two versions of the file were merged, and nobody decided between them" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (str_starts_with(c->source->written, mistakes[i].beginning)) {
			error_hint(c->err, "%s", mistakes[i].hint);
			return true;
		}
	return false;
}

static int fail_unknown(const struct instruction_context *c)
{
	const struct dockerfile_instruction *above = run_above(c);
	int r = instruction_fail(c, NULL, "unknown instruction '%s'", c->source->written);

	if (hint_known_mistake(c) || instruction_hint_nearest(c, c->source->name, instruction_names, INSTRUCTION_KIND_COUNT))
		return r;
	if (above)
		error_hint(c->err, "if RUN goes on here, line %u has to end in %c", above->last_line, c->dockerfile->escape);
	else if (c->source == c->dockerfile->instructions)
		error_hint(c->err, "is '%s' a Dockerfile?", c->dockerfile->name);
	return r;
}

static bool has_variables(const struct dockerfile_instruction *source)
{
	for (size_t i = 0; i < source->heredoc_count; i++)
		if (source->heredocs[i].expands && strchr(source->heredocs[i].content, '$'))
			return true;
	for (char **flag = source->flags; *flag; flag++)
		if (strchr(*flag, '$'))
			return true;
	for (char **element = source->json; element && *element; element++)
		if (strchr(*element, '$'))
			return true;
	return strchr(source->text, '$');
}

/* What the expansion finds is found now, if it has nothing to wait for. */
static int check_expansion(const struct instruction_context *c, const struct instruction *instruction)
{
	const struct words words = { .escape = c->dockerfile->escape };
	struct instruction *unused;

	return has_variables(c->source) ? 0 : instruction_expand(c->arena, c->dockerfile, instruction, &words, &unused, c->mark, c->err);
}

int instruction_parse(struct arena *arena, const struct dockerfile *dockerfile, const struct dockerfile_instruction *source,
	struct instruction **ret, struct dockerfile_mark *mark, struct error *err)
{
	const struct instruction_context c = { arena, dockerfile, source, NULL, mark, err };
	struct instruction *instruction = arena_alloc(arena, 1, sizeof(*instruction));
	struct instruction_flags flags;
	size_t kind = 0;
	int r;

	while (instruction_names[kind] && !str_equal(instruction_names[kind], source->name))
		kind++;
	if (!instruction_names[kind])
		return fail_unknown(&c);
	instruction->kind = (enum instruction_kind)kind;
	instruction->source = source;
	r = instruction_flags_read(&c, instruction->kind, &flags);
	if (r == 0)
		r = readers[kind](&c, &flags, instruction);
	if (r == 0)
		r = check_expansion(&c, instruction);
	if (r < 0)
		return r;
	*ret = instruction;
	return 0;
}
