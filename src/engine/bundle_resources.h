/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and devices of a container. */
#ifndef BIVY_ENGINE_BUNDLE_RESOURCES_H
#define BIVY_ENGINE_BUNDLE_RESOURCES_H

#include "engine/bundle_plan.h"

/*
 * The limits of HOST as the runtime takes them, in the arena; devices by path
 * are looked up on the host. For `update` too: then without devices.
 */
int bundle_make_resources(struct arena *arena, const struct spec_host_config *host, struct spec_resources *ret, struct error *err) _must_check_;

/* Fills spec->linux_.resources, .cgroups_path, .intel_rdt and devices. What is given no limit of processes has one of 2048, where there can be one. */
int bundle_add_resources(struct bundle_plan *plan, struct error *err) _must_check_;

/* The rules of HOST's devices, in their order, into RET. */
int bundle_make_device_rules(struct arena *arena, const struct spec_host_config *host, struct spec_resources *ret, struct error *err) _must_check_;

#define BUNDLE_CGROUP_PARENT "/bivy" /* what groups of containers are below that were given no --cgroup-parent */

#define BUNDLE_DEVICE "device-" /* beginning of the names of nodes in the volatile directory */

/*
 * A container with ids of its own may make no nodes, and one of the host's
 * would be nobody's there: a copy of it, in the volatile directory, belongs to
 * who has the owner's number inside, and is bound.
 */
int bundle_bind_device(struct bundle_plan *plan, const struct spec_container_device *device, struct error *err) _must_check_;

#endif
