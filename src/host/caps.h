/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets of the calling thread: capabilities(7), by the bare system calls. Bit N is capability N. */
#ifndef BIVY_HOST_CAPS_H
#define BIVY_HOST_CAPS_H

#include "base/cleanup.h"

#include <stdint.h>

/* Every capability that this kernel knows. */
uint64_t caps_all(void);

/* Drops from the bounding set what KEEP does not have; needs CAP_SETPCAP if there is something to drop. */
int caps_drop_bounding(uint64_t keep) _must_check_;

/* The three sets at once (capset(2)). */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable) _must_check_;
int caps_get(uint64_t *ret_effective, uint64_t *ret_permitted, uint64_t *ret_inheritable) _must_check_;
int caps_get_permitted(uint64_t *ret) _must_check_;

/* Makes the ambient set exactly MASK, which must be permitted and inheritable. */
int caps_set_ambient(uint64_t mask) _must_check_;

#endif
