/* SPDX-License-Identifier: Apache-2.0 */
/* The `mounts` array of a configuration. */
#ifndef BIVY_SPEC_MOUNTS_H
#define BIVY_SPEC_MOUNTS_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_mounts(const struct decoder *d, const struct json *value, struct spec_mount **ret, size_t *ret_count) _must_check_;

#endif
