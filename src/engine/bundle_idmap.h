/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a directory of the host's can be shown with its owners as they are. */
#ifndef BIVY_ENGINE_BUNDLE_IDMAP_H
#define BIVY_ENGINE_BUNDLE_IDMAP_H

#include "engine/bundle_plan.h"

enum bundle_idmap {
	BUNDLE_IDMAP_NONE, /* its file system cannot do it: all files are nobody's inside */
	BUNDLE_IDMAP_TOP,  /* it can, but something that is mounted below cannot */
	BUNDLE_IDMAP_ALL,
};

/* Tries it; warns of what cannot be. IS_RECURSIVE: what is mounted below is to be shown, too. */
enum bundle_idmap bundle_idmap_probe(struct bundle_plan *plan, const char *path, bool is_recursive);

#endif
