/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context that comes as one file: an archive in any compression, or a
 * Dockerfile alone. Its first bytes tell which.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_ARCHIVE_H
#define BIVY_ENGINE_BUILD_ARCHIVE_H

#include "engine/build_state.h"

/* What is to be unpacked has this name in its directory: one that no archive's own member is likely to have. */
#define BUILD_ARCHIVE_NAME ".bivy-context-archive"

/* Whether a file that begins with BYTES is an archive: tar, or something compressed, as what else should that be. */
bool build_archive_begins(const unsigned char *bytes, size_t length);

/*
 * The file BUILD_ARCHIVE_NAME in DIRECTORY, of the build's work, as the files of
 * CONTEXT: what is in it, or nothing, and it is the Dockerfile. ERROR_INVALID for
 * what is compressed, but no archive.
 */
int build_archive_take(struct build *build, const char *directory, struct build_context *context, struct error *err) _must_check_;

#endif
