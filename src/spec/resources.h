/* SPDX-License-Identifier: Apache-2.0 */
/* The `linux.resources` object of a configuration. */
#ifndef BIVY_SPEC_RESOURCES_H
#define BIVY_SPEC_RESOURCES_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_resources(const struct decoder *d, const struct json *value, struct spec_resources *resources) _must_check_;

#endif
