/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor of a container is told. */
#ifndef BIVY_ENGINE_BUNDLE_SUPERVISION_H
#define BIVY_ENGINE_BUNDLE_SUPERVISION_H

#include "engine/bundle_plan.h"

/* Writes the document into the volatile directory. */
int bundle_write_supervision(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
