/* SPDX-License-Identifier: Apache-2.0 */
/* Which images: what docker writes behind --filter. */
#ifndef BIVY_ENGINE_IMAGE_FILTER_H
#define BIVY_ENGINE_IMAGE_FILTER_H

#include "base/memory.h"
#include "store/images.h"

#include <time.h>

/* A filter that lets everything through is all zero. Texts point to where they came from. */
struct image_filter {
	enum { DANGLING_ANY, DANGLING_ONLY, DANGLING_NOT } dangling; /* has no name */
	char **references; /* patterns, of which one must match; NULL-terminated, or NULL */
	char **labels;     /* "key" or "key=value" that must be there */
	char **no_labels;  /* that must not */
	bool has_before, has_since;
	struct timespec before, since; /* created before that, since then */
};

/*
 * Adds "NAME=VALUE"; ages count from NOW. The names of images in "before=" and
 * "since=" are looked up in the store. ERROR_INVALID, or ERROR_NOT_FOUND.
 */
int image_filter_add(struct image_filter *filter, struct arena *arena, const struct store *store, const char *text, time_t now, struct error *err)
	_must_check_;

/* Adds a pattern of its own to those of "reference=". */
void image_filter_add_reference(struct image_filter *filter, struct arena *arena, const char *pattern);

/* Whether the image passes. Labels are read from its configuration; one that cannot be read has none. */
bool image_filter_passes(const struct image_filter *filter, const struct store *store, const struct image *image);

/* When the image was made, {0} if nobody knows. */
struct timespec image_created(const struct image *image);

#endif
