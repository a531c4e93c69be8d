/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs for the client whose session a build has: an archive as a stream of
 * bytes, files as it sends its own (spec/file_packet.h).
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_SEND_H
#define BIVY_ENGINE_BUILD_SEND_H

#include "engine/build_state.h"

/* The file, or all that is in the directory, PATH, as output NUMBER of the build. */
int build_send_file(const struct build *build, size_t number, const char *path, struct error *err) _must_check_;
int build_send_directory(const struct build *build, size_t number, const char *path, struct error *err) _must_check_;

#endif
