/* SPDX-License-Identifier: Apache-2.0 */
/* The image that a container is made of: found, pulled if it must be, and kept from being removed meanwhile. */
#ifndef BIVY_ENGINE_CONTAINER_IMAGE_H
#define BIVY_ENGINE_CONTAINER_IMAGE_H

#include "engine/containers.h"
#include "spec/image_config.h"
#include "store/images.h"
#include "store/lease.h"

struct container_image {
	struct image image;
	const struct spec_image_config *config;
};

/*
 * By REQUEST's image, pull policy and platform; all in the arena. LEASE, begun
 * in STORE, gets what the image consists of and is needed to run it (container.h,
 * invariant 6). ERROR_NOT_FOUND if it is neither here nor to be pulled.
 */
int container_image_get(struct arena *arena, const struct container_create_request *request, const struct store *store, struct lease *lease,
	struct container_image *ret, struct error *err) _must_check_;

/* Whether container_image_find_mounts() has images to find. */
bool container_image_is_mounted(const struct spec_host_config *host);

/*
 * Finds the images of those of HOST's mounts that are of images, by REQUEST's
 * pull policy and platform, and says in them which they are. STORE and LEASE,
 * which are opened if there are any, are to be kept until that is recorded.
 */
int container_image_find_mounts(struct arena *arena, const struct container_create_request *request, struct spec_host_config *host, struct store *store,
	struct lease *lease, struct error *err) _must_check_;

#endif
