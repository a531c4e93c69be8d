/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of system calls that people have written, in Docker's form (spec/seccomp_profile.h). */
#ifndef BIVY_ENGINE_SECCOMP_FILE_H
#define BIVY_ENGINE_SECCOMP_FILE_H

#include "base/error.h"
#include "base/memory.h"
#include "spec/config.h"

/*
 * The profile in the file PATH, or PATH itself if it begins with "{", as it is
 * on this host for whoever can have CAPABILITIES (bit N: capability N); in the arena.
 */
int seccomp_file_read(struct arena *arena, const char *path, uint64_t capabilities, struct spec_seccomp **ret, struct error *err) _must_check_;

#endif
