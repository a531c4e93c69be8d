/* SPDX-License-Identifier: Apache-2.0 */
/* What a user mounts in a container: directories of the host, volumes, memory, the files of images. */
#ifndef BIVY_ENGINE_BUNDLE_USER_MOUNTS_H
#define BIVY_ENGINE_BUNDLE_USER_MOUNTS_H

#include "engine/bundle_plan.h"

int bundle_check_mounts(const struct spec_container *container, struct error *err) _must_check_;

/* All of them, with volumes made and filled. */
int bundle_add_user_mounts(struct bundle_plan *plan, struct error *err) _must_check_;

/* One. */
int bundle_add_user_mount(struct bundle_plan *plan, const struct spec_container_mount *mount, struct error *err) _must_check_;

#endif
