/* SPDX-License-Identifier: Apache-2.0 */
/* Which capabilities a container's processes can have. */
#ifndef BIVY_ENGINE_CAPABILITIES_H
#define BIVY_ENGINE_CAPABILITIES_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What they have when nobody says otherwise. */
uint64_t capabilities_default(void);

/*
 * The default, less what DROP lists, with what ADD lists; "ALL" in ADD is all
 * of KNOWN, less DROP, and in DROP leaves ADD alone. Names with or without
 * CAP_, in any case. ADD and DROP may be NULL. *RET_ADDED, which may be NULL,
 * gets what was added by name or by ALL. ERROR_INVALID for a name that is none,
 * ERROR_DENIED for one that is not in KNOWN.
 */
int capabilities_decide(char *const *add, char *const *drop, uint64_t known, uint64_t *ret, uint64_t *ret_added, struct error *err) _must_check_;

#endif
