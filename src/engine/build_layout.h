/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --build-context NAME=oci-layout://DIR[:TAG|@DIGEST]: an image of a layout. It
 * comes into the store, without a name, and is an image as others for as long
 * as a build needs it. ROOT/build/layouts names those that builds have brought,
 * and is locked by each that may need one; the last of them removes them.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_LAYOUT_H
#define BIVY_ENGINE_BUILD_LAYOUT_H

#include "engine/build_state.h"

/* .named of the build, of what was asked for. Nothing is loaded while the build has no store: to look at a Dockerfile. */
int build_layouts_load(struct build *build, struct error *err) _must_check_;

/* At the end of the build, also of one that has failed: whether an image has been removed, whose content is for the sweep. */
bool build_layouts_end(struct build *build);

#endif
