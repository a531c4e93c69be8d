/* SPDX-License-Identifier: Apache-2.0 */
/* Names of members of a layer, and what they stand for (OCI image-spec, layer.md: whiteouts). Pure functions. */
#ifndef BIVY_STORE_LAYER_NAME_H
#define BIVY_STORE_LAYER_NAME_H

#include "base/str.h"

#define LAYER_WHITEOUT_PREFIX ".wh."
#define LAYER_OPAQUE_NAME ".wh..wh..opq"

enum layer_name_kind {
	LAYER_NAME_PLAIN,    /* a file, of whatever type */
	LAYER_NAME_WHITEOUT, /* .path is hidden */
	LAYER_NAME_OPAQUE,   /* what lower layers have in the directory .path is hidden */
	LAYER_NAME_IGNORED,  /* AUFS's own bookkeeping */
};

struct layer_name {
	enum layer_name_kind kind;
	struct buf path;    /* from the root, without "." and double slashes; "" is the root itself */
	size_t parent_length; /* of the path of the directory: 0 for the root */
	size_t name_offset;   /* of the last component */
};

/*
 * Takes MEMBER apart into *NAME, whose buffer is used again. NULL; or, for a
 * name that no layer may have, words about why: absolute ones, ones with "..",
 * too long ones, whiteouts of nothing.
 */
const char *layer_name_parse(struct layer_name *name, const char *member);

#endif
