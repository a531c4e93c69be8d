/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images in an archive (archive.h): of an image layout, or in the form of
 * `docker save`, old or new. The latter has no manifests: each image gets one,
 * whose layers are the bytes as they are in the archive.
 */
#ifndef BIVY_TRANSFER_ARCHIVE_SOURCE_H
#define BIVY_TRANSFER_ARCHIVE_SOURCE_H

#include "transfer/content_source.h"

struct archive_image {
	const char *digest; /* of its manifest or index: the reference for content_source() */
	char **names;       /* normalised, NULL-terminated; none: it has none */
	const char *title;  /* for messages: the first name, or the digest */
	bool is_whole;      /* every platform's content is there */
};

struct archive_source {
	struct archive archive;
	struct content_source content;
	struct image_source source; /* of .content */
	int spool_fd; /* of layers that cannot stay as they are */
	struct archive_image *images;
	size_t count;
};

/*
 * Opens what archive_open() opens and finds the images in it. *RET must stay
 * where it is. Nothing is verified yet but what had to be read.
 */
int archive_source_open(const struct store *store, const char *path, struct archive_source *ret, struct error *err) _must_check_;
void archive_source_close(struct archive_source *source);
#define _cleanup_archive_source_ _cleanup_(archive_source_close)

#endif
