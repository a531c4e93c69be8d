/* SPDX-License-Identifier: Apache-2.0 */
/* --init: bivy-init is the first process, and the command its child. */
#ifndef BIVY_ENGINE_BUNDLE_INIT_H
#define BIVY_ENGINE_BUNDLE_INIT_H

#include "engine/bundle_plan.h"

#define BUNDLE_INIT_PATH "/dev/init" /* in the container */

/* After the process and its mounts; ERROR_UNSUPPORTED if the program is not there. */
int bundle_add_init(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
