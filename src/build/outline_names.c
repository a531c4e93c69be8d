/* SPDX-License-Identifier: Apache-2.0 */
#include "build/outline_names.h"

#include "base/options.h"
#include "base/str.h"
#include "spec/reference.h"

#include <strings.h>

size_t outline_find_stage(const struct outline *outline, const char *name, size_t limit)
{
	for (size_t i = limit; i > 0; i--)
		if (outline->stages[i - 1].name && strcasecmp(outline->stages[i - 1].name, name) == 0)
			return i - 1;
	return OUTLINE_NO_STAGE;
}

size_t outline_parse_number(const char *name)
{
	uint64_t number;

	return name[0] >= '0' && name[0] <= '9' && str_to_u64(name, 10, &number) == 0 && number < OUTLINE_NO_STAGE ? number : OUTLINE_NO_STAGE;
}

const char *outline_nearest_stage(const struct outline *outline, const char *name)
{
	const char **names = memory_new(outline->stage_count, sizeof *names), *nearest;

	for (size_t i = 0; i < outline->stage_count; i++)
		names[i] = outline->stages[i].name;
	nearest = options_nearest(name, names, outline->stage_count);
	free(names);
	return nearest;
}

/* Names of images are compared by what they mean: "docker.io/library/debian:latest" is "debian". */
static const char *context_key(struct arena *arena, const char *name)
{
	struct spec_reference reference;
	char *text;
	size_t length;

	if (spec_reference_parse(arena, name, &reference, NULL) < 0)
		return name;
	text = spec_reference_familiar(arena, &reference);
	length = strlen(text);
	if (length > 7 && strcmp(text + length - 7, ":latest") == 0)
		text[length - 7] = '\0';
	return text;
}

bool outline_find_context(struct arena *arena, const struct outline_request *request, const char *name, struct origin *ret)
{
	static const char image[] = "docker-image://";
	const char *key;

	if (request->context_count == 0 || strcasecmp(name, "scratch") == 0 || strcasecmp(name, "context") == 0)
		return false;
	key = context_key(arena, name);
	for (size_t i = request->context_count; i > 0; i--) {
		const struct spec_pair *context = &request->contexts[i - 1];

		if (!str_equal(context->key, name) && !str_equal(context_key(arena, context->key), key))
			continue;
		*ret = (struct origin){ .kind = ORIGIN_NAMED, .stage = OUTLINE_NO_STAGE, .name = context->key };
		if (str_starts_with(context->value, image)) {
			ret->name = context->value + strlen(image);
			ret->kind = str_equal(ret->name, "scratch") ? ORIGIN_SCRATCH : ORIGIN_IMAGE;
		}
		return true;
	}
	return false;
}

int outline_find_origin(struct arena *arena, const struct outline_request *request, const char *name, const struct spec_platform *platform,
	struct origin *ret, struct error *err)
{
	struct spec_reference reference;
	int r;

	if (outline_find_context(arena, request, name, ret)) {
		ret->platform = *platform;
		return 0;
	}
	*ret = (struct origin){ .kind = ORIGIN_SCRATCH, .stage = OUTLINE_NO_STAGE };
	if (str_equal(name, "scratch"))
		return 0;
	r = spec_reference_parse(arena, name, &reference, err);
	if (r < 0)
		return r;
	*ret = (struct origin){ .kind = ORIGIN_IMAGE, .stage = OUTLINE_NO_STAGE, .name = name, .platform = *platform };
	return 0;
}

/* "--from" of a stage that is not before it. */
static int refuse_order(const struct outline *outline, const struct outline_stage *stage, size_t other, const char *name, struct error *err)
{
	if (other >= outline->stage_count) {
		error_set(err, ERROR_INVALID, 0, "there is no stage %s", name);
		error_hint(err, "the file's stages are 0 to %zu", outline->stage_count - 1);
	} else if (other == stage->number) {
		error_set(err, ERROR_INVALID, 0, "stage '%s' cannot take from itself", name);
	} else {
		error_set(err, ERROR_INVALID, 0, "stage '%s' begins later, on line %u", name, outline->stages[other].from->source->first_line);
		error_hint(err, "stages can take from those before them: move it up");
	}
	return -EINVAL;
}

int outline_origin(struct arena *arena, const struct outline *outline, const struct outline_stage *stage, const char *name, struct origin *ret,
	struct error *err)
{
	size_t number = outline_parse_number(name), found = outline_find_stage(outline, name, stage->number);

	if (strchr(name, '$')) {
		error_set(err, ERROR_INVALID, 0, "variables are not replaced in the name of what is taken from: '%s'", name);
		error_hint(err, "begin a stage with `FROM %s AS NAME`, where they are, and take from NAME", name);
		return -EINVAL;
	}
	if (found == OUTLINE_NO_STAGE)
		found = number != OUTLINE_NO_STAGE ? number : outline_find_stage(outline, name, outline->stage_count);
	if (found == OUTLINE_NO_STAGE)
		return outline_find_origin(arena, outline->request, name, &outline->request->target_platform, ret, err);
	if (found >= stage->number)
		return refuse_order(outline, stage, found, name, err);
	*ret = (struct origin){ .kind = ORIGIN_STAGE, .stage = found, .name = outline->stages[found].name };
	return 0;
}
