/* SPDX-License-Identifier: Apache-2.0 */
/* The chain id, which names a layer together with all below it (image-spec, config.md, "Layer ChainID"). */
#ifndef BIVY_STORE_CHAIN_ID_H
#define BIVY_STORE_CHAIN_ID_H

#include "store/digest.h"

/*
 * Of the layer DIFF_ID on the layers PARENT, a chain id, or on nothing (NULL).
 * Both are valid digests. The result is always a sha256 one, as layers.h wants:
 * a base layer whose diff id is of another algorithm, which the specification
 * would name by that, is named by the digest of its diff id.
 */
void chain_id_compute(const char *parent, const char *diff_id, char ret[static DIGEST_TEXT_SIZE]);

#endif
