/* SPDX-License-Identifier: Apache-2.0 */
/* Names with values: ENV, LABEL and ARG. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_PAIRS_H
#define BIVY_BUILD_INSTRUCTION_PAIRS_H

#include "build/instruction.h"
#include "build/instruction_context.h"

/* "A=b C=d", or "A b" as long ago. */
int instruction_pairs_read(const struct instruction_context *c, struct instruction *ret) _must_check_;

/* "A B=c": names that may have values. */
int instruction_pairs_read_arguments(const struct instruction_context *c, struct instruction *ret) _must_check_;

#endif
