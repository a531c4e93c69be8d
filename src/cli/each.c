/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/each.h"

int cli_each_of(const struct command_call *call, const char *const *texts, size_t count, cli_each_operand *one, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	bool failed = false;
	int r = cli_directories(call, arena, &directories, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct error told = ERROR_INIT;

		if (one(call, &directories, texts[i], out, &told) >= 0)
			continue;
		if (failed)
			commands_tell(&cli_commands, err);
		failed = true;
		*err = told;
	}
	return failed ? -EINVAL : 0;
}

int cli_each(const struct command_call *call, cli_each_operand *one, struct buf *out, struct error *err)
{
	return cli_each_of(call, (const char *const *)call->operands, strv_length(call->operands), one, out, err);
}
