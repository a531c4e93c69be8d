/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners of files as a user namespace shows them to those in it, where nobody
 * is in it: whoever reads files that have, on disk, the ids of outside
 * (owned_layer.h). Pure.
 */
#ifndef BIVY_STORE_OWNER_VIEW_H
#define BIVY_STORE_OWNER_VIEW_H

#include "host/idmap.h"

/* The id inside of who is ID outside; who is not in COUNT RANGES is nobody (65534), as in the kernel's overflowuid. */
uint32_t owner_view_id(const struct idmap_range *ranges, size_t count, uint32_t id);

/*
 * The extended attribute NAME, of LENGTH bytes, with the ids inside: of entries of access control lists (acl(5)), and of the root whom
 * capabilities are for (capabilities(7), version 3; version 2 if that is root inside). Others stay. The new length, which is not greater.
 */
size_t owner_view_xattr(const struct idmap *map, const char *name, uint8_t *value, size_t length);

#endif
