/* SPDX-License-Identifier: Apache-2.0 */
/* The media types of images, OCI's and Docker's, as a table. */
#ifndef BIVY_SPEC_MEDIA_TYPE_H
#define BIVY_SPEC_MEDIA_TYPE_H

#include "base/cleanup.h"

#include <stdbool.h>

#define SPEC_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define SPEC_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define SPEC_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define SPEC_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define SPEC_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define SPEC_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define SPEC_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define SPEC_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define SPEC_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define SPEC_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define SPEC_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define SPEC_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define SPEC_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"

enum spec_media_kind {
	SPEC_MEDIA_UNKNOWN,
	SPEC_MEDIA_INDEX,
	SPEC_MEDIA_MANIFEST,
	SPEC_MEDIA_CONFIG,
	SPEC_MEDIA_LAYER,    /* a tar archive, compressed or not */
	SPEC_MEDIA_SCHEMA_1, /* Docker's first manifests; nothing reads them any more */
};

/* Of TEXT, which may be NULL and may have parameters ("; charset=…") behind it. */
enum spec_media_kind spec_media_kind(const char *text);

/* Whether a layer of this type must not be pushed ("foreign", "nondistributable"). */
bool spec_media_is_foreign(const char *text);

/* The one that OCI has for a Docker one, or TEXT itself. */
const char *spec_media_to_oci(const char *text);

/* The types of manifests and indexes that bivy reads, for the Accept header of a registry request; NULL-terminated. */
extern const char *const spec_media_accepted[];

#endif
