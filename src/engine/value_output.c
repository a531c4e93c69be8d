/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/value_output.h"
#include "spec/value_list.h"

#include <unistd.h>

static const struct {
	const char *word;
	enum build_output_kind kind;
	bool push;
} kinds[] = {
	{ "image", BUILD_OUTPUT_IMAGE, false }, { "registry", BUILD_OUTPUT_IMAGE, true }, { "oci", BUILD_OUTPUT_OCI, false },
	{ "docker", BUILD_OUTPUT_DOCKER, false }, { "local", BUILD_OUTPUT_LOCAL, false }, { "tar", BUILD_OUTPUT_TAR, false },
	{ "cacheonly", BUILD_OUTPUT_NONE, false },
};

static int set_kind(struct build_output *output, const char *word, struct error *err)
{
	const char *words[ARRAY_SIZE(kinds) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		words[i] = kinds[i].word;
		if (str_equal(word, words[i])) {
			output->kind = kinds[i].kind;
			output->push |= kinds[i].push;
			return 0;
		}
	}
	return value_check_word(word ? word : "", words, err);
}

/* "annotation.KEY", "annotation-TYPE.KEY", "annotation-TYPE[PLATFORM].KEY"; kept as --annotation has it. */
static int add_annotation(struct arena *arena, struct build_output *output, const struct spec_pair *pair, struct error *err)
{
	const char *type = pair->key + strlen("annotation"), *bracket = strchr(type, ']'), *dot = strchr(bracket ? bracket : type, '.');
	size_t length = dot ? (size_t)(dot - type) : 0;
	const char *prefix = length == 0 ? "" : type[0] == '-' ? arena_printf(arena, "%.*s:", (int)length - 1, type + 1)
						: arena_printf(arena, "manifest%.*s:", (int)length, type);

	if (!dot)
		return error_set(err, ERROR_INVALID, 0, "expected annotation.KEY=VALUE");
	output->annotations = value_list_grow(arena, output->annotations, output->annotation_count, sizeof *output->annotations);
	output->annotations[output->annotation_count++] = (struct spec_pair){ arena_printf(arena, "%s%s", prefix, dot + 1), pair->value };
	return 0;
}

static int set(struct arena *arena, struct build_output *output, const struct spec_pair *pair, struct error *err)
{
	static const char *const keys[] = { "type", "dest", "name", "push", "tar", "compression", "compression-level", "force-compression",
		"oci-mediatypes", "registry.insecure", "rewrite-timestamp", "unpack", "attestation-prefix", "annotation.KEY", NULL };
	bool flag = false;
	int r = 0;

	if (str_equal(pair->key, "type"))
		return set_kind(output, pair->value, err);
	if (str_equal(pair->key, "dest"))
		output->destination = pair->value;
	else if (str_equal(pair->key, "name"))
		output->names = value_split(arena, pair->value ? pair->value : "", ',').items;
	else if (str_equal(pair->key, "push"))
		r = value_parse_bool(pair->value, &output->push, err);
	else if (str_equal(pair->key, "tar") && (r = value_parse_bool(pair->value, &flag, err)) == 0)
		output->is_directory = !flag;
	else if (str_equal(pair->key, "attestation-prefix"))
		output->attestation_prefix = pair->value;
	else if (str_equal(pair->key, "compression"))
		output->compression = pair->value;
	else if (str_equal(pair->key, "compression-level"))
		r = str_to_i64(pair->value ? pair->value : "", 10, &output->compression_level) < 0 ? error_set(err, ERROR_INVALID, 0, "expected a number") : 0;
	else if (str_equal(pair->key, "force-compression"))
		r = value_parse_bool(pair->value, &output->force_compression, err);
	else if (str_equal(pair->key, "oci-mediatypes") && (r = value_parse_bool(pair->value, &flag, err)) == 0)
		output->docker_types = !flag;
	else if (str_equal(pair->key, "registry.insecure"))
		r = value_parse_bool(pair->value, &output->skips_verification, err);
	else if (str_equal(pair->key, "rewrite-timestamp"))
		r = value_parse_bool(pair->value, &output->rewrites_times, err);
	else if (str_starts_with(pair->key, "annotation") && strchr(pair->key, '.') && pair->value)
		r = add_annotation(arena, output, pair, err);
	else if (r == 0 && !str_equal(pair->key, "unpack"))
		r = value_refuse_key(pair->key, keys, err);
	return r;
}

static int check(const struct build_output *output, struct error *err)
{
	static const char *const compressions[] = { "gzip", "zstd", "uncompressed", NULL };
	bool needs_place = output->kind == BUILD_OUTPUT_LOCAL || output->kind == BUILD_OUTPUT_TAR || output->kind == BUILD_OUTPUT_OCI;

	if (needs_place && str_is_empty(output->destination))
		return error_set(err, ERROR_INVALID, 0, "dest= is missing");
	if (output->kind == BUILD_OUTPUT_LOCAL && str_equal(output->destination, "-"))
		return error_set(err, ERROR_INVALID, 0, "files cannot be written to the standard output: type=tar can");
	if (output->is_directory && str_equal(output->destination, "-"))
		return error_set(err, ERROR_INVALID, 0, "a directory cannot be written to the standard output");
	if (str_equal(output->destination, "-") && isatty(STDOUT_FILENO))
		return error_set(err, ERROR_INVALID, 0, "the archive would be written to the terminal: dest=FILE names a file");
	return output->compression ? value_check_word(output->compression, compressions, err) : 0;
}

int value_output_parse(struct arena *arena, const char *text, struct build_output *ret, struct error *err)
{
	struct build_output output = { .kind = BUILD_OUTPUT_LOCAL };
	struct value_strings parts;
	int r = value_split_quoted(arena, text, &parts, err);

	if (r == 0 && parts.count == 1 && !strchr(parts.items[0], '=')) { /* "-o DIR", "-o -" */
		output.destination = parts.items[0];
		output.kind = str_equal(output.destination, "-") ? BUILD_OUTPUT_TAR : BUILD_OUTPUT_LOCAL;
		parts.count = 0;
	}
	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		const struct spec_pair pair = value_split_pair(arena, parts.items[i]);

		r = set(arena, &output, &pair, err);
	}
	if (r == 0)
		r = check(&output, err);
	if (r < 0)
		return r;
	/* `docker buildx` without dest loads the image. */
	if (output.kind == BUILD_OUTPUT_DOCKER && !output.destination)
		output.kind = BUILD_OUTPUT_IMAGE;
	*ret = output;
	return 0;
}
