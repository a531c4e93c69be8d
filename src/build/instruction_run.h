/* SPDX-License-Identifier: Apache-2.0 */
/* RUN, and the forms of commands. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_RUN_H
#define BIVY_BUILD_INSTRUCTION_RUN_H

#include "build/instruction_flags.h"

/* The command of CMD, ENTRYPOINT and RUN: an array in JSON, or all of the text for the shell. */
void instruction_run_read_command(const struct instruction_context *c, struct instruction *ret);

int instruction_run_read(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret) _must_check_;

/* All mounts of the instruction, again when variables are known. */
int instruction_run_read_mounts(const struct instruction_context *c, char *const *values, struct instruction *ret) _must_check_;

#endif
