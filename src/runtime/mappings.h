/* SPDX-License-Identifier: Apache-2.0 */
/* Id mappings of the configuration as host/idmap.h takes them. */
#ifndef BIVY_RUNTIME_MAPPINGS_H
#define BIVY_RUNTIME_MAPPINGS_H

#include "base/memory.h"
#include "host/idmap.h"
#include "spec/config.h"

/* linux.uidMappings and linux.gidMappings. */
struct idmap mappings_of_container(struct arena *arena, const struct spec_linux *config);

/* The mappings of one mount. */
struct idmap mappings_of_mount(struct arena *arena, const struct spec_mount *mount);

#endif
