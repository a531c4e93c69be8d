/* SPDX-License-Identifier: Apache-2.0 */
/* Images of a repository of a registry, as source.h wants them: by tag or digest; from mirrors, if it has any. */
#ifndef BIVY_TRANSFER_REGISTRY_SOURCE_H
#define BIVY_TRANSFER_REGISTRY_SOURCE_H

#include "transfer/remote.h"
#include "transfer/source.h"

struct registry_source;

/* REMOTE was opened to pull, and outlives it. */
struct registry_source *registry_source_new(struct remote *remote);
void registry_source_free(struct registry_source *source);

DEFINE_CLEANUP(struct registry_source *, registry_source_free)
#define _cleanup_registry_source_ _cleanup_(cleanup_registry_source_free)

struct image_source registry_source_interface(struct registry_source *source);

#endif
