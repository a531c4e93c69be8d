/* SPDX-License-Identifier: Apache-2.0 */
/* --net-limit in words: "down=10mbit,up=512kbit,priority=3". */
#ifndef BIVY_SPEC_NET_LIMIT_H
#define BIVY_SPEC_NET_LIMIT_H

#include "base/error.h"

#include <stdint.h>

struct spec_net_limit {
	uint64_t down_bps, up_bps; /* bits per second, to the container and from it; 0: no limit */
	uint32_t priority;         /* 1 (last) to 7 (first); 0: as all else */
};

/*
 * Rates are numbers, perhaps with a fraction, of bits ("bit", "kbit", "mbit", "gbit", or without a unit) or bytes ("bps", "kbps", "mbps",
 * "gbps") per second, powers of 1000, as tc(8) has them; a rate alone is for both directions; "none" is none, a priority, too. ERROR_INVALID with what was expected.
 */
int spec_net_limit_parse(const char *text, struct spec_net_limit *ret, struct error *err) _must_check_;

#endif
