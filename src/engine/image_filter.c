/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_filter.h"
#include "base/moment.h"
#include "engine/filter_name.h"
#include "engine/filter_value.h"
#include "engine/image_content.h"
#include "spec/reference.h"

#include <fnmatch.h>

struct timespec image_created(const struct image *image)
{
	struct timespec created = { .tv_sec = 0 };

	if (image->created && moment_parse(image->created, &created) < 0)
		created = (struct timespec){ .tv_sec = 0 };
	/* Go writes the year 1 for no time at all. */
	if (created.tv_sec < 0)
		created = (struct timespec){ .tv_sec = 0 };
	return created;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* ---- reading ----------------------------------------------------------------------- */

void image_filter_add_reference(struct image_filter *filter, struct arena *arena, const char *pattern)
{
	filter->references = strv_append(arena, filter->references, pattern);
}

static int set_dangling(struct image_filter *filter, const char *value, struct error *err)
{
	bool yes = false;
	int r = filter_value_read_truth("dangling", value, &yes, err);

	if (r == 0)
		filter->dangling = yes ? DANGLING_ONLY : DANGLING_NOT;
	return r;
}

/* The narrower of two limits holds. */
static void limit_before(struct image_filter *filter, const struct timespec *before)
{
	if (!filter->has_before || is_before(before, &filter->before))
		filter->before = *before;
	filter->has_before = true;
}

static void limit_since(struct image_filter *filter, const struct timespec *since)
{
	if (!filter->has_since || is_before(&filter->since, since))
		filter->since = *since;
	filter->has_since = true;
}

static int limit_by_image(struct image_filter *filter, struct arena *arena, const struct store *store, const char *value, bool before,
			  struct error *err)
{
	struct timespec created;
	struct image image;
	int r = image_find(store, arena, value, &image, err);

	if (r < 0)
		return r;
	created = image_created(&image);
	if (before)
		limit_before(filter, &created);
	else
		limit_since(filter, &created);
	return 0;
}

static int limit_by_time(struct image_filter *filter, const char *value, time_t now, struct error *err)
{
	struct timespec until;

	if (moment_parse_limit(value, &(struct timespec){ .tv_sec = now }, &until) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid filter 'until=%s': expected a time such as 2024-05-07T12:34:56 or an age such as 24h",
				 value);
	limit_before(filter, &until);
	return 0;
}

enum filter_name { FILTER_BEFORE, FILTER_DANGLING, FILTER_LABEL, FILTER_NO_LABEL, FILTER_REFERENCE, FILTER_SINCE, FILTER_UNTIL, FILTER_NAMES };

static const char *const names[FILTER_NAMES] = {
	[FILTER_BEFORE] = "before",
	[FILTER_DANGLING] = "dangling",
	[FILTER_LABEL] = "label",
	[FILTER_NO_LABEL] = "label!",
	[FILTER_REFERENCE] = "reference",
	[FILTER_SINCE] = "since",
	[FILTER_UNTIL] = "until",
};

int image_filter_add(struct image_filter *filter, struct arena *arena, const struct store *store, const char *text, time_t now, struct error *err)
{
	const char *value = NULL;
	size_t which = 0;
	int r = filter_name_find(text, names, FILTER_NAMES, "filters of images are before, dangling, label, reference, since and until", &which,
		&value, err);

	if (r < 0)
		return r;
	switch ((enum filter_name)which) {
	case FILTER_BEFORE:
	case FILTER_SINCE:
		return limit_by_image(filter, arena, store, value, which == FILTER_BEFORE, err);
	case FILTER_DANGLING:
		return set_dangling(filter, value, err);
	case FILTER_LABEL:
		filter->labels = strv_append(arena, filter->labels, value);
		return 0;
	case FILTER_NO_LABEL:
		filter->no_labels = strv_append(arena, filter->no_labels, value);
		return 0;
	case FILTER_REFERENCE:
		image_filter_add_reference(filter, arena, value);
		return 0;
	case FILTER_UNTIL:
		return limit_by_time(filter, value, now, err);
	case FILTER_NAMES:
		break;
	}
	return -EINVAL;
}

/* ---- matching ------------------------------------------------------------------------ */

/* As docker: a pattern is for the name as people write it, with its tag or without; '*' stops at '/'. */
static bool matches_reference(const struct image_filter *filter, const struct image *image)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *name, *repository, *tagged, *full;
	struct spec_reference reference;

	if (!filter->references)
		return true;
	if (!image->name || spec_reference_parse(arena, image->name, &reference, NULL) < 0)
		return false;
	name = spec_reference_familiar(arena, &reference);
	repository = spec_reference_familiar_repository(arena, &reference);
	full = spec_reference_repository(arena, &reference);
	tagged = reference.tag ? arena_printf(arena, "%s:%s", repository, reference.tag) : repository;
	for (char **pattern = filter->references; *pattern; pattern++) {
		const char *const candidates[] = { name, repository, tagged, image->name, full };

		for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
			if (fnmatch(*pattern, candidates[i], FNM_PATHNAME) == 0)
				return true;
	}
	return false;
}

static bool matches_labels(const struct image_filter *filter, const struct store *store, const struct image *image)
{
	static const struct spec_execution none = { .labels = NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_execution *execution = &none;
	struct image_documents documents;

	if (!filter->labels && !filter->no_labels)
		return true;
	if (image_content_read(store, arena, image, &documents, NULL) == 0 && documents.config)
		execution = &documents.config->execution;
	for (char **label = filter->labels; label && *label; label++)
		if (!filter_value_is_among(*label, execution->labels, execution->label_count))
			return false;
	for (char **label = filter->no_labels; label && *label; label++)
		if (filter_value_is_among(*label, execution->labels, execution->label_count))
			return false;
	return true;
}

bool image_filter_passes(const struct image_filter *filter, const struct store *store, const struct image *image)
{
	struct timespec created = image_created(image);

	if (filter->dangling != DANGLING_ANY && (filter->dangling == DANGLING_ONLY) != !image->name)
		return false;
	if ((filter->has_before && !is_before(&created, &filter->before)) || (filter->has_since && !is_before(&filter->since, &created)))
		return false;
	return matches_reference(filter, image) && matches_labels(filter, store, image);
}
