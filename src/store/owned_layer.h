/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer once more, with other owners: layers/HEX/owners-HASH beside its diff/,
 * HASH being the mapping's. It is for who cannot have owners mapped by a mount
 * (an ordinary user), is made when it is first asked for, and goes with its layer.
 */
#ifndef BIVY_STORE_OWNED_LAYER_H
#define BIVY_STORE_OWNED_LAYER_H

#include "base/memory.h"
#include "host/idmap.h"
#include "store/store.h"

/*
 * The path of the files of the layer CHAIN_ID, those of .inside of MAP being
 * .outside's; whose owner is not in the map keeps him. In the arena. Several
 * processes may ask at once. The layer is one that a lease or an image holds.
 */
int owned_layer_find(const struct store *store, struct arena *arena, const char *chain_id, const struct idmap *map, char **ret, struct error *err)
	_must_check_;

#endif
