/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_annotations.h"

#include "base/options.h"

enum { TYPE_MANIFEST, TYPE_INDEX, TYPE_MANIFEST_DESCRIPTOR, TYPE_INDEX_DESCRIPTOR, TYPES };

static const char *const type_words[TYPES] = { "manifest", "index", "manifest-descriptor", "index-descriptor" };

struct annotation {
	bool types[TYPES];
	const char *platform; /* "linux/arm64", or NULL: all of them */
	struct spec_pair pair;
};

/* ---- one ----------------------------------------------------------------------------------- */

static int set_type(struct annotation *annotation, const char *word, struct error *err)
{
	const char *nearest = options_nearest(word, type_words, TYPES);

	for (size_t i = 0; i < TYPES; i++) {
		if (!str_equal(type_words[i], word))
			continue;
		annotation->types[i] = true;
		return 0;
	}
	error_set(err, ERROR_INVALID, 0, "unknown type '%.50s': expected manifest, index, manifest-descriptor or index-descriptor", word);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

/* "manifest,index[linux/arm64]", which is changed. */
static int set_types(struct annotation *annotation, char *text, struct error *err)
{
	char *bracket = strchr(text, '['), *save = NULL;
	int r = 0;

	if (bracket) {
		size_t length = strlen(bracket);

		if (bracket[length - 1] != ']')
			return error_set(err, ERROR_INVALID, 0, "there is no ']' behind the platform");
		bracket[length - 1] = '\0';
		*bracket = '\0';
		annotation->platform = bracket + 1;
	}
	for (char *word = strtok_r(text, ",", &save); r == 0 && word; word = strtok_r(NULL, ",", &save))
		r = set_type(annotation, word, err);
	return r;
}

static int parse(struct arena *arena, const struct spec_pair *pair, struct annotation *ret, struct error *err)
{
	const char *colon = strchr(pair->key, ':');
	int r = 0;

	*ret = (struct annotation){ .pair = *pair };
	if (colon) {
		ret->pair.key = (char *)colon + 1;
		r = set_types(ret, arena_strndup(arena, pair->key, (size_t)(colon - pair->key)), err);
	}
	if (r == 0 && !*ret->pair.key)
		r = error_set(err, ERROR_INVALID, 0, "the key is empty");
	if (!ret->types[TYPE_INDEX] && !ret->types[TYPE_MANIFEST_DESCRIPTOR] && !ret->types[TYPE_INDEX_DESCRIPTOR])
		ret->types[TYPE_MANIFEST] = true;
	return r < 0 ? error_wrap(err, "invalid annotation '%.200s'", pair->key) : 0;
}

/* ---- all -------------------------------------------------------------------------------------- */

typedef int annotation_each(void *context, const struct annotation *annotation, struct error *err);

static int visit(const struct build *build, const struct spec_pair *pairs, size_t count, annotation_each *each, void *context, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct annotation annotation;

		r = parse(build->arena, &pairs[i], &annotation, err);
		if (r == 0)
			r = each(context, &annotation, err);
	}
	return r;
}

static int check_platform(void *context, const struct annotation *annotation, struct error *err)
{
	const struct build *build = context;

	for (size_t i = 0; annotation->platform && i < build->platform_count; i++)
		if (str_equal(build->platforms[i].text, annotation->platform))
			return 0;
	if (!annotation->platform)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "annotation '%.200s' is of the platform '%.100s', which is not built", annotation->pair.key, annotation->platform);
}

int build_annotations_check(const struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	int r = visit(build, request->annotations, request->annotation_count, check_platform, (void *)build, err);

	for (size_t i = 0; r == 0 && i < request->output_count; i++)
		r = visit(build, request->outputs[i].annotations, request->outputs[i].annotation_count, check_platform, (void *)build, err);
	return r;
}

struct addition {
	const struct build *build;
	struct spec_build_image *work;
	struct spec_pair *of_index; /* of the descriptor of the index */
	size_t of_index_count, capacity;
};

static void set_pair(const struct addition *addition, struct spec_pair **list, size_t *count, const struct spec_pair *pair)
{
	size_t at = 0;

	if (!*list)
		*list = arena_alloc(addition->build->arena, addition->capacity, sizeof **list);
	while (at < *count && !str_equal((*list)[at].key, pair->key))
		at++;
	(*list)[at] = *pair;
	if (at == *count)
		++*count;
}

static int add(void *context, const struct annotation *annotation, struct error *err _unused_)
{
	struct addition *addition = context;
	struct spec_build_image *work = addition->work;

	if (annotation->types[TYPE_INDEX])
		set_pair(addition, &work->annotations, &work->annotation_count, &annotation->pair);
	for (size_t i = 0; i < work->part_count; i++) {
		struct spec_build_image_part *part = &work->parts[i];

		if (annotation->platform && !str_equal(part->platform, annotation->platform))
			continue;
		if (annotation->types[TYPE_MANIFEST])
			set_pair(addition, &part->annotations, &part->annotation_count, &annotation->pair);
		if (annotation->types[TYPE_MANIFEST_DESCRIPTOR])
			set_pair(addition, &part->descriptor_annotations, &part->descriptor_annotation_count, &annotation->pair);
	}
	if (annotation->types[TYPE_INDEX_DESCRIPTOR])
		set_pair(addition, &addition->of_index, &addition->of_index_count, &annotation->pair);
	/* There is none where it could stand, else. */
	work->wants_index |= annotation->types[TYPE_INDEX] || annotation->types[TYPE_MANIFEST_DESCRIPTOR] || annotation->types[TYPE_INDEX_DESCRIPTOR];
	return 0;
}

int build_annotations_add(const struct build *build, const struct build_output *output, struct spec_build_image *work, struct build_annotations *ret,
	struct error *err)
{
	const struct build_request *request = build->request;
	struct addition addition = { .build = build, .work = work, .capacity = request->annotation_count + output->annotation_count + 1 };
	int r = visit(build, request->annotations, request->annotation_count, add, &addition, err);

	if (r == 0)
		r = visit(build, output->annotations, output->annotation_count, add, &addition, err);
	*ret = (struct build_annotations){ addition.of_index, addition.of_index_count };
	return r;
}
