/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of web servers. What came is kept in ROOT/build/downloads:
 *
 *   ID.json       what it is (spec/download.h); last of use when it was modified
 *   ID-DIGITS     its bytes: DIGITS are those of their digest
 *
 * ID is a hash of the URL, which only finds it. The server is asked each time
 * whether there is something else by now (by its ETag; without one it all comes again), unless a checksum says that there
 * must not be. What is of no use for a month is removed with the next download.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_DOWNLOAD_H
#define BIVY_ENGINE_BUILD_DOWNLOAD_H

#include "engine/build_state.h"

struct build_download {
	const char *url;
	const char *checksum;  /* "sha256:…" that it must have; or NULL */
	const char *directory; /* of the build's work, where it becomes the file .name, 0600, of the time that the server says */
	const char *name;
	size_t vertex;         /* that is told how far it is; (size_t)-1: none */
};

/* *RET_DIGEST: of its bytes, in the arena. *RET_KNOWN: they did not have to come. ERROR_INVALID if they have another checksum. */
int build_download(struct build *build, const struct build_download *request, const char **ret_digest, bool *ret_known, struct error *err) _must_check_;

#endif
