/* SPDX-License-Identifier: Apache-2.0 */
/* The `linux` object of a configuration. */
#ifndef BIVY_SPEC_LINUX_H
#define BIVY_SPEC_LINUX_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_linux(const struct decoder *d, const struct json *value, struct spec_linux *object) _must_check_;

#endif
