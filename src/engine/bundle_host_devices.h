/* SPDX-License-Identifier: Apache-2.0 */
/* --privileged: the host's devices. */
#ifndef BIVY_ENGINE_BUNDLE_HOST_DEVICES_H
#define BIVY_ENGINE_BUNDLE_HOST_DEVICES_H

#include "engine/bundle_plan.h"

/*
 * Adds all devices below /dev to spec->linux_.devices, which others have begun,
 * but terminals and what every container has of its own. With a user namespace,
 * where none can be made, there are none.
 */
int bundle_add_host_devices(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
