/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packages are in the files of a stage, by the databases of dpkg, apk and
 * rpm, as a document of SPDX 2.3.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_SBOM_H
#define BIVY_ENGINE_BUILD_SBOM_H

#include "engine/build_state.h"

#define BUILD_SBOM_TYPE "https://spdx.dev/Document"

/* The document, in the arena. Warns of what of FILES it does not list, which its comment says, too. */
int build_sbom(struct build *build, const struct build_files *files, const char *platform, const char **ret, struct error *err) _must_check_;

#endif
