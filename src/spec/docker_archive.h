/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of the archives that `docker save` writes and `docker load`
 * reads: which members are the configuration and the layers of which image.
 * Docker has written it since version 1.10 (2016).
 */
#ifndef BIVY_SPEC_DOCKER_ARCHIVE_H
#define BIVY_SPEC_DOCKER_ARCHIVE_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#define SPEC_DOCKER_ARCHIVE_NAME "manifest.json"
#define SPEC_DOCKER_ARCHIVE_LIMIT (4u << 20) /* bytes */
#define SPEC_DOCKER_ARCHIVE_IMAGE_LIMIT 10000

struct spec_docker_image {
	char *config;  /* the member with its configuration */
	char **tags;   /* NULL-terminated, never NULL: "debian:12"; as given */
	char **layers; /* NULL-terminated, never NULL: members with the archives of its layers, the base first */
	size_t layer_count;
};

struct spec_docker_archive {
	struct spec_docker_image *images;
	size_t image_count;
};

/* Names of members are relative and without "..", as who reads the archive is to look for them there and nowhere else. */
int spec_docker_archive_decode(struct arena *arena, const char *text, size_t length, struct spec_docker_archive *ret, struct error *err)
	_must_check_;

/* One line of JSON without newline, the same for the same content. */
void spec_docker_archive_encode(const struct spec_docker_archive *archive, struct buf *out);

#endif
