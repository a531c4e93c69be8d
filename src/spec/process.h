/* SPDX-License-Identifier: Apache-2.0 */
/* The `process` object of a configuration. */
#ifndef BIVY_SPEC_PROCESS_H
#define BIVY_SPEC_PROCESS_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_process(const struct decoder *d, const struct json *value, struct spec_process **ret) _must_check_;

#endif
