/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor of a container is told. */
#ifndef BIVY_ENGINE_BUNDLE_SUPERVISION_H
#define BIVY_ENGINE_BUNDLE_SUPERVISION_H

#include "engine/bundle_plan.h"
#include "spec/supervision.h"

/* Writes the document into the volatile directory. */
int bundle_write_supervision(struct bundle_plan *plan, struct error *err) _must_check_;

/* SUPERVISION's volumes get one more, the one of MOUNT, if it is of a volume. */
void bundle_add_supervised_volume(struct arena *arena, struct spec_supervision *supervision, const struct spec_container_mount *mount);

#endif
