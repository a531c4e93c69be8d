/* SPDX-License-Identifier: Apache-2.0 */
/* The root of a container's files: layers of its image, one above the other, or a directory. */
#ifndef BIVY_ENGINE_BUNDLE_ROOT_H
#define BIVY_ENGINE_BUNDLE_ROOT_H

#include "engine/bundle_plan.h"

/* Fills plan->overlay, which names nothing that is missing; its mapping is of plan->ids. */
int bundle_plan_root(struct bundle_plan *plan, struct error *err) _must_check_;

/* Mounts it, as plan->root_fd. With --rootfs: the directory, whose owners are mapped like those of layers. */
int bundle_open_root(struct bundle_plan *plan, struct error *err) _must_check_;

/* What lies below what the container writes, owners as on disk, read-only: what new volumes begin with. */
int bundle_open_image(struct bundle_plan *plan, int *ret_fd, struct error *err) _must_check_;

#endif
