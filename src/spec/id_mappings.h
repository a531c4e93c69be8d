/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of id mappings: of a user namespace and of idmapped mounts. */
#ifndef BIVY_SPEC_ID_MAPPINGS_H
#define BIVY_SPEC_ID_MAPPINGS_H

#include "spec/config.h"
#include "spec/decode.h"

/* Refuses what the kernel answers with a bare EINVAL: empty, wrapping and overlapping ranges (user_namespaces(7)). */
int decode_id_mappings(const struct decoder *d, const struct json *value, struct spec_id_mapping **ret, size_t *ret_count) _must_check_;

#endif
