/* SPDX-License-Identifier: Apache-2.0 */
/* --output: in which form what was built comes out, and where. */
#ifndef BIVY_ENGINE_VALUE_OUTPUT_H
#define BIVY_ENGINE_VALUE_OUTPUT_H

#include "engine/build.h"

/* "DIR", "-", or "type=TYPE,dest=PATH,…" as BuildKit has it, in the arena. Paths stay relative to where we are. */
int value_output_parse(struct arena *arena, const char *text, struct build_output *ret, struct error *err) _must_check_;

#endif
