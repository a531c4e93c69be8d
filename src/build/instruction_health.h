/* SPDX-License-Identifier: Apache-2.0 */
/* HEALTHCHECK. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_HEALTH_H
#define BIVY_BUILD_INSTRUCTION_HEALTH_H

#include "build/instruction_flags.h"

int instruction_health_read(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret) _must_check_;

#endif
