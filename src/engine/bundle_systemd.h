/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --systemd: what an init system finds that is to run a whole system inside a
 * container (systemd.io, "The Container Interface"): places in memory to write
 * to, control groups of its own to divide, and a way to be told to stop.
 */
#ifndef BIVY_ENGINE_BUNDLE_SYSTEMD_H
#define BIVY_ENGINE_BUNDLE_SYSTEMD_H

#include "engine/bundle_plan.h"

/* Whether the value of --systemd is one. */
int bundle_check_systemd(const struct spec_container_config *config, struct error *err) _must_check_;

/* Whether the command is an init system, or is said to be one. */
bool bundle_is_systemd(const struct spec_container_config *config);

/* Its places in memory; with the kernel's mounts. */
void bundle_add_systemd_mounts(struct bundle_plan *plan);

#endif
