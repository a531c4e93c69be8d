/* SPDX-License-Identifier: Apache-2.0 */
/* Which namespaces a container has of its own, which are the host's, and which another container's. */
#ifndef BIVY_ENGINE_BUNDLE_NAMESPACES_H
#define BIVY_ENGINE_BUNDLE_NAMESPACES_H

#include "engine/bundle_plan.h"

/* Whether the modes are known ones and go together. */
int bundle_check_namespaces(const struct spec_host_config *host, struct error *err) _must_check_;

/* Fills spec->linux_.namespaces, the mappings, host name and clocks; after plan->ids. */
int bundle_add_namespaces(struct bundle_plan *plan, struct error *err) _must_check_;

/* Whether the container has that namespace, CLONE_NEW*, for itself. */
bool bundle_has_own_namespace(const struct bundle_plan *plan, int flag);

#endif
