/* SPDX-License-Identifier: Apache-2.0 */
/* What images take on the disk, each and together. */
#ifndef BIVY_ENGINE_IMAGE_USAGE_H
#define BIVY_ENGINE_IMAGE_USAGE_H

#include "engine/images.h"

struct image_usage {
	struct images_entry entry;
	uint64_t unique_bytes; /* that would be free without it, under all its names */
	uint64_t shared_bytes; /* that other images need, too */
	size_t containers;     /* that were made of it */
};

/* Bytes on disk, as the file system counts them. The parts add up to the whole. */
struct image_usage_report {
	size_t images;             /* different ones, by id */
	size_t active_images;      /* of these, that containers were made of */
	uint64_t content_bytes;    /* blobs and layers */
	uint64_t cached_bytes;     /* blobs and layers that only builds remember; not in .content_bytes */
	uint64_t unfinished_bytes; /* of downloads and layers that are being made, or broke off */
	uint64_t other_bytes;      /* directories, the list of images, locks */
	uint64_t total_bytes;
	uint64_t unused_bytes;     /* of the content: unique to images without a container, or orphans; 0 without .each */
	uint64_t orphan_bytes;     /* of the content: what no image and no container needs; the next removal frees it */
	struct image_usage *each;  /* one for each id, the youngest first; only if asked for */
	size_t each_count;
};

int image_usage_measure(struct arena *arena, const struct directories *directories, bool each, struct image_usage_report *ret, struct error *err)
	_must_check_;

#endif
