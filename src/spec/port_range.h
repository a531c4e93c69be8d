/* SPDX-License-Identifier: Apache-2.0 */
/* "80" or "8000-8010": ports as people write them. */
#ifndef BIVY_SPEC_PORT_RANGE_H
#define BIVY_SPEC_PORT_RANGE_H

#include "base/error.h"

#include <stdint.h>

struct spec_port_range {
	uint16_t first, last; /* the same for a single one; never 0 */
};

/* ERROR_INVALID, saying what was expected. */
int spec_port_range_parse(const char *text, struct spec_port_range *ret, struct error *err) _must_check_;

#endif
