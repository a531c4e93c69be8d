/* SPDX-License-Identifier: Apache-2.0 */
#include "build/trigger.h"

static int check(const struct dockerfile *dockerfile, const struct instruction *instruction, struct error *err)
{
	if (dockerfile->instruction_count != 1)
		return error_set(err, ERROR_INVALID, 0, "%s: more than one instruction", dockerfile->name);
	if (instruction->kind == INSTRUCTION_FROM || instruction->kind == INSTRUCTION_MAINTAINER || instruction->kind == INSTRUCTION_ONBUILD)
		return error_set(err, ERROR_INVALID, 0, "%s: %s cannot be triggered", dockerfile->name, instruction->source->name);
	return 0;
}

int trigger_parse(struct arena *arena, const struct outline *outline, const struct outline_stage *stage, const char *text,
	struct dockerfile **ret_dockerfile, struct instruction **ret, struct dockerfile_mark *mark, struct error *err)
{
	const struct dockerfile_mark from = stage->from->source->mark;
	const char *name = arena_printf(arena, "%s:%u: ONBUILD of '%s'", outline->request->dockerfile->name, from.line,
		stage->base.name ? stage->base.name : "");
	struct dockerfile *dockerfile = NULL;
	struct instruction *instruction = NULL;
	int r = dockerfile_parse(arena, name, text, strlen(text), &dockerfile, mark, err);

	if (r == 0)
		r = instruction_parse(arena, dockerfile, &dockerfile->instructions[0], &instruction, mark, err);
	if (r == 0)
		r = check(dockerfile, instruction, err);
	if (r < 0) {
		*mark = from;
		return r;
	}
	*ret_dockerfile = dockerfile;
	*ret = instruction;
	return 0;
}
