/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What builds keep is bounded: by age, by size, and by what the disk has left,
 * as $XDG_CONFIG_HOME/bivy/build.json or /etc/bivy/build.json says
 * (bivy-build.json(5)).
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_COLLECT_H
#define BIVY_ENGINE_BUILD_COLLECT_H

#include "engine/directories.h"
#include "spec/build_settings.h"

/* A file that is not there is one without members. ERROR_INVALID names what is wrong in it. */
int build_settings_read(struct spec_build_settings *ret, struct error *err) _must_check_;

/* Removes what SETTINGS do not let stay; not again within a minute, unless the disk is too full. */
int build_collect(const struct directories *directories, const struct spec_build_settings *settings, struct error *err) _must_check_;

#endif
