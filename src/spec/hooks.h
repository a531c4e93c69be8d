/* SPDX-License-Identifier: Apache-2.0 */
/* The `hooks` object of a configuration. */
#ifndef BIVY_SPEC_HOOKS_H
#define BIVY_SPEC_HOOKS_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_hooks(const struct decoder *d, const struct json *value, struct spec_hooks *hooks) _must_check_;

#endif
