/* SPDX-License-Identifier: Apache-2.0 */
/* instruction_expand(): the second step of an instruction, when variables are known. */
#include "build/instruction.h"
#include "build/instruction_flags.h"
#include "build/instruction_mode.h"
#include "build/remote.h"
#include "build/instruction_ports.h"
#include "build/instruction_run.h"

#include "base/quantity.h"

static int expand_from(const struct instruction_context *c, struct instruction *i)
{
	const char *image = i->image, *platform = i->platform;
	int r = instruction_replace(c, &i->image);

	if (r == 0)
		r = instruction_replace(c, &i->platform);
	if (r < 0)
		return r;
	if (!*i->image)
		return instruction_fail(c, image, "FROM has no image: '%s' is empty", image);
	if (platform && !*i->platform)
		return instruction_fail(c, platform, "--platform has no value: '%s' is empty", platform);
	return 0;
}

static int expand_run(const struct instruction_context *c, struct instruction *i)
{
	struct instruction_flags flags;
	int r = instruction_flags_read(c, i->kind, &flags);

	return r < 0 ? r : instruction_run_read_mounts(c, flags.mounts, i);
}

static int expand_pairs(const struct instruction_context *c, struct instruction *i)
{
	struct instruction_pair *pairs = arena_alloc(c->arena, i->pair_count + 1, sizeof(*pairs));

	for (size_t k = 0; k < i->pair_count; k++) {
		const char *name = i->pairs[k].name;
		int r = 0;

		pairs[k] = i->pairs[k];
		if (i->kind != INSTRUCTION_ARG)
			r = instruction_replace(c, &pairs[k].name);
		if (r == 0)
			r = instruction_replace(c, &pairs[k].value);
		if (r < 0)
			return r;
		if (!*pairs[k].name)
			return instruction_fail(c, name, "%s has an empty name: '%s'", c->source->name, name);
	}
	i->pairs = pairs;
	return 0;
}

/* Here-documents know no quotes, and the shell's escape character. */
static int expand_files(const struct instruction_context *c, struct instruction *i)
{
	struct words words = *c->words;
	struct instruction_context of_files = *c;
	struct instruction_file *files = arena_alloc(c->arena, i->file_count + 1, sizeof(*files));

	words.escape = '\\';
	words.ignores_quotes = true;
	of_files.words = &words;
	for (size_t k = 0; k < i->file_count; k++) {
		int r;

		files[k] = i->files[k];
		r = files[k].expands ? instruction_replace(&of_files, &files[k].content) : 0;
		if (r < 0)
			return r;
	}
	i->files = files;
	return 0;
}

static int check_checksum(const struct instruction_context *c, const struct instruction *i)
{
	const char *value = i->checksum, *digits = str_starts_with(value, "sha256:") ? value + 7 : value;
	size_t length = strlen(digits);

	if (!i->sources[0] || i->sources[1])
		return instruction_fail(c, "--checksum", "--checksum is for one source alone");
	if (!remote_is(i->sources[0]))
		return instruction_fail(c, "--checksum", "--checksum is for URLs and git repositories, not '%s'", i->sources[0]);
	/* Of a file, or the name of a commit. */
	if (strspn(digits, "0123456789abcdef") != length || (digits != value ? length != 64 : length < 7 || length > 64))
		return instruction_fail(c, value, "'%s' is no checksum", value);
	return 0;
}

static int check_sources(const struct instruction_context *c, const struct instruction *i)
{
	for (char **source = i->sources; i->kind == INSTRUCTION_COPY && *source; source++)
		if (remote_is(*source)) {
			int r = instruction_fail(c, *source, "COPY takes no URL: '%s'", *source);

			error_hint(c->err, "ADD does");
			return r;
		}
	return i->checksum ? check_checksum(c, i) : 0;
}

/* Blanks part names even within quotes. */
static int expand_names(const struct instruction_context *c, struct instruction *i)
{
	int r = instruction_replace_list(c, &i->sources);

	if (r == 0)
		r = instruction_replace(c, &i->destination);
	if (r < 0 && !c->source->json && strpbrk(c->source->text, "'\"") && c->err && !c->err->hint[0])
		error_hint(c->err, "names with blanks in them go into an array: %s [\"a b\", \"c\"]", c->source->name);
	return r;
}

static int expand_copy(const struct instruction_context *c, struct instruction *i)
{
	int r = expand_names(c, i);

	if (r == 0)
		r = instruction_replace(c, &i->chown);
	if (r == 0)
		r = instruction_replace(c, &i->chmod);
	if (r == 0)
		r = instruction_replace(c, &i->checksum);
	if (r == 0)
		r = expand_files(c, i);
	if (r < 0)
		return r;
	/* A flag with a variable that is empty is not given. */
	i->chown = str_is_empty(i->chown) ? NULL : i->chown;
	i->chmod = str_is_empty(i->chmod) ? NULL : i->chmod;
	i->checksum = str_is_empty(i->checksum) ? NULL : i->checksum;
	if (i->chmod && !instruction_mode_is_valid(i->chmod)) {
		r = instruction_fail(c, "--chmod", "no mode of files: '%s'", i->chmod);
		error_hint(c->err, "such as 0755, 644 or u=rwX,go=rX");
		return r;
	}
	return check_sources(c, i);
}

/* Each word may become several. */
static int expand_expose(const struct instruction_context *c, struct instruction *i)
{
	size_t count = 0, room = 1;
	char **words = NULL;

	for (char **word = i->words; *word; word++) {
		char **split, **larger;
		size_t more = 0;

		if (words_split(c->arena, c->words, *word, &split, c->err) < 0) {
			*c->mark = c->source->mark;
			return error_wrap(c->err, "%s:%u", c->dockerfile->name, c->mark->line);
		}
		while (split[more])
			more++;
		if (count + more + 1 > room || !words) {
			room = 2 * (count + more + 1);
			larger = arena_alloc(c->arena, room, sizeof(*larger));
			if (count)
				memcpy(larger, words, count * sizeof(*larger));
			words = larger;
		}
		memcpy(words + count, split, (more + 1) * sizeof(*split));
		count += more;
	}
	return instruction_ports_read(c, words, &i->words);
}

static int expand_words(const struct instruction_context *c, struct instruction *i)
{
	return instruction_replace_list(c, &i->words);
}

static int expand_volume(const struct instruction_context *c, struct instruction *i)
{
	char *const *written = i->words;
	int r = instruction_replace_list(c, &i->words);

	for (size_t k = 0; r == 0 && i->words[k]; k++)
		if (!*i->words[k])
			r = instruction_fail(c, written[k], "VOLUME has an empty name: '%s'", written[k]);
	return r;
}

static int expand_stop_signal(const struct instruction_context *c, struct instruction *i)
{
	int number, r = instruction_replace_list(c, &i->words);

	if (r == 0 && (quantity_parse_signal(i->words[0], &number) < 0 || !number)) {
		r = instruction_fail(c, c->source->text, "no such signal: '%s'", i->words[0]);
		error_hint(c->err, "such as SIGTERM, QUIT or 9");
	}
	return r;
}

static int (*const expanders[INSTRUCTION_KIND_COUNT])(const struct instruction_context *c, struct instruction *i) = {
	[INSTRUCTION_ADD] = expand_copy,
	[INSTRUCTION_ARG] = expand_pairs,
	[INSTRUCTION_COPY] = expand_copy,
	[INSTRUCTION_ENV] = expand_pairs,
	[INSTRUCTION_EXPOSE] = expand_expose,
	[INSTRUCTION_FROM] = expand_from,
	[INSTRUCTION_LABEL] = expand_pairs,
	[INSTRUCTION_RUN] = expand_run,
	[INSTRUCTION_STOPSIGNAL] = expand_stop_signal,
	[INSTRUCTION_USER] = expand_words,
	[INSTRUCTION_VOLUME] = expand_volume,
	[INSTRUCTION_WORKDIR] = expand_words,
};

int instruction_expand(struct arena *arena, const struct dockerfile *dockerfile, const struct instruction *instruction, const struct words *words,
	struct instruction **ret, struct dockerfile_mark *mark, struct error *err)
{
	const struct instruction_context c = { arena, dockerfile, instruction->source, words, mark, err };
	struct instruction *copy = arena_alloc(arena, 1, sizeof(*copy));
	int r;

	*copy = *instruction;
	r = expanders[copy->kind] ? expanders[copy->kind](&c, copy) : 0;
	if (r < 0)
		return r;
	*ret = copy;
	return 0;
}
