/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a source: what it has, by digest. */
#ifndef BIVY_TRANSFER_STORE_SOURCE_H
#define BIVY_TRANSFER_STORE_SOURCE_H

#include "store/store.h"
#include "transfer/source.h"

/* STORE outlives it. Documents are named by their digests alone. Whoever reads has them in a lease, or an image names them. */
struct image_source store_source(const struct store *store);

#endif
