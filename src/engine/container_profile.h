/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --learn and --profile: what a container uses is recorded, or is all that it
 * may use. A profile takes from what the container's other options give, and
 * never adds to it.
 */
#ifndef BIVY_ENGINE_CONTAINER_PROFILE_H
#define BIVY_ENGINE_CONTAINER_PROFILE_H

#include "engine/bundle_plan.h"

/* Reads .profile_file into .profile, in the arena, if it is given. */
int container_profile_read(struct arena *arena, struct spec_host_config *host, struct error *err) _must_check_;

/*
 * Whether what HOST asks for fits together and can be had of this kernel.
 * .learn must be a profile, an empty file, or nothing yet.
 */
int container_profile_check(const struct spec_host_config *host, struct error *err) _must_check_;

/* Those of CAPABILITIES that the profile leaves, of which there may be none. */
uint64_t container_profile_capabilities(const struct spec_profile *profile, uint64_t capabilities);

/*
 * The filter, which may be NULL for none, with every call that it lets through
 * asking the learner first, or without those that the profile has not. In the arena.
 */
struct spec_seccomp *container_profile_learn(struct arena *arena, const struct spec_seccomp *seccomp, const char *listener_path);
struct spec_seccomp *container_profile_hold(struct arena *arena, const struct spec_seccomp *seccomp, const struct spec_profile *profile);

/* After the filter and the capabilities are planned: what of them, and of files and ports, is the learner's or the profile's affair. */
void container_profile_add(struct bundle_plan *plan);

#endif
