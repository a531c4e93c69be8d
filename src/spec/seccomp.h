/* SPDX-License-Identifier: Apache-2.0 */
/* The `linux.seccomp` object of a configuration. */
#ifndef BIVY_SPEC_SECCOMP_H
#define BIVY_SPEC_SECCOMP_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_seccomp(const struct decoder *d, const struct json *value, struct spec_seccomp **ret) _must_check_;

#endif
