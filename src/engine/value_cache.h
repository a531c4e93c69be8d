/* SPDX-License-Identifier: Apache-2.0 */
/* --cache-from, --cache-to: where the steps of builds are for others. */
#ifndef BIVY_ENGINE_VALUE_CACHE_H
#define BIVY_ENGINE_VALUE_CACHE_H

#include "engine/build.h"

/* "type=TYPE,ref=NAME,…", or a name alone: of an image in a registry. Paths are relative to DIRECTORY, which is absolute. IS_SOURCE: of --cache-from. */
int value_cache_parse(struct arena *arena, const char *text, const char *directory, bool is_source, struct build_cache_place *ret, struct error *err)
	_must_check_;

#endif
