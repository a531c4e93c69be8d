/* SPDX-License-Identifier: Apache-2.0 */
/* What is executed in a container: as whom, with which rights, limits and variables. */
#ifndef BIVY_ENGINE_BUNDLE_PROCESS_H
#define BIVY_ENGINE_BUNDLE_PROCESS_H

#include "engine/bundle_plan.h"

/* What can be checked at `create`. */
int bundle_check_process(const struct spec_container *container, struct error *err) _must_check_;

/* Fills spec->process; plan->root_fd is open. */
int bundle_add_process(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
