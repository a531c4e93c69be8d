/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept from a container: --security-opt, masked and read-only paths, the filter of system calls. */
#ifndef BIVY_ENGINE_BUNDLE_SECURITY_H
#define BIVY_ENGINE_BUNDLE_SECURITY_H

#include "engine/bundle_plan.h"

/* Whether the options are known ones, and the files that they name can be used. */
int bundle_check_security(const struct spec_container *container, struct error *err) _must_check_;

/* What the container of HOST cannot see or change, as its options have it; in the arena. */
struct spec_container_paths bundle_security_paths(struct arena *arena, const struct spec_host_config *host);

/* After the process, whose capabilities decide about system calls. */
int bundle_add_security(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
