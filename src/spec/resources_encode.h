/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the encoders of a configuration share.
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_RESOURCES_ENCODE_H
#define BIVY_SPEC_RESOURCES_ENCODE_H

#include "base/json.h"
#include "spec/names.h"

/* An array of the words of SET whose values are in BITS. */
void encode_name_bits(struct json_writer *w, const char *key, enum spec_names set, uint32_t bits);

#endif
