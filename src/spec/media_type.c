/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/media_type.h"
#include "base/str.h"

#include <strings.h>

struct media_type {
	const char *text;
	enum spec_media_kind kind;
	bool foreign;
	const char *oci; /* of a Docker one: what OCI calls it; NULL if that has no name for it, or it is OCI's */
};

static const struct media_type types[] = {
	{ SPEC_OCI_INDEX, SPEC_MEDIA_INDEX, false, NULL },
	{ SPEC_OCI_MANIFEST, SPEC_MEDIA_MANIFEST, false, NULL },
	{ SPEC_OCI_CONFIG, SPEC_MEDIA_CONFIG, false, NULL },
	{ SPEC_OCI_LAYER, SPEC_MEDIA_LAYER, false, NULL },
	{ SPEC_OCI_LAYER_GZIP, SPEC_MEDIA_LAYER, false, NULL },
	{ SPEC_OCI_LAYER_ZSTD, SPEC_MEDIA_LAYER, false, NULL },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", SPEC_MEDIA_LAYER, true, NULL },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", SPEC_MEDIA_LAYER, true, NULL },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", SPEC_MEDIA_LAYER, true, NULL },
	{ SPEC_DOCKER_INDEX, SPEC_MEDIA_INDEX, false, SPEC_OCI_INDEX },
	{ SPEC_DOCKER_MANIFEST, SPEC_MEDIA_MANIFEST, false, SPEC_OCI_MANIFEST },
	{ SPEC_DOCKER_CONFIG, SPEC_MEDIA_CONFIG, false, SPEC_OCI_CONFIG },
	{ SPEC_DOCKER_LAYER, SPEC_MEDIA_LAYER, false, SPEC_OCI_LAYER },
	{ SPEC_DOCKER_LAYER_GZIP, SPEC_MEDIA_LAYER, false, SPEC_OCI_LAYER_GZIP },
	{ SPEC_DOCKER_LAYER_ZSTD, SPEC_MEDIA_LAYER, false, SPEC_OCI_LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", SPEC_MEDIA_LAYER, true,
	  "application/vnd.oci.image.layer.nondistributable.v1.tar" },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", SPEC_MEDIA_LAYER, true,
	  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },
	{ "application/vnd.docker.distribution.manifest.v1+json", SPEC_MEDIA_SCHEMA_1, false, NULL },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws", SPEC_MEDIA_SCHEMA_1, false, NULL },
};

const char *const spec_media_accepted[] = { SPEC_OCI_INDEX, SPEC_OCI_MANIFEST, SPEC_DOCKER_INDEX, SPEC_DOCKER_MANIFEST, NULL };

static const struct media_type *find_type(const char *text)
{
	size_t length = text ? strcspn(text, "; \t") : 0;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].text) == length && strncasecmp(types[i].text, text, length) == 0)
			return &types[i];
	return NULL;
}

enum spec_media_kind spec_media_kind(const char *text)
{
	const struct media_type *type = find_type(text);

	return type ? type->kind : SPEC_MEDIA_UNKNOWN;
}

bool spec_media_is_foreign(const char *text)
{
	const struct media_type *type = find_type(text);

	return type && type->foreign;
}

const char *spec_media_to_oci(const char *text)
{
	const struct media_type *type = find_type(text);

	return type && type->oci ? type->oci : text;
}
