/* SPDX-License-Identifier: Apache-2.0 */
/* Commands whose operands succeed or fail one by one. */
#ifndef BIVY_CLI_EACH_H
#define BIVY_CLI_EACH_H

#include "cli/command.h"

typedef int cli_each_operand(const struct command_call *call, const struct directories *directories, const char *operand, struct buf *out,
	struct error *err);

/*
 * Calls ONE for each operand. Each that fails is told of, the last one by the
 * program's end; what the others printed stays (COMMAND_KEEPS_OUTPUT).
 */
int cli_each(const struct command_call *call, cli_each_operand *one, struct buf *out, struct error *err) _must_check_;

/* The same for COUNT texts that are not all of the operands. */
int cli_each_of(const struct command_call *call, const char *const *texts, size_t count, cli_each_operand *one, struct buf *out, struct error *err)
	_must_check_;

#endif
