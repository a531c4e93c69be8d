/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked for in stages as a whole, and in their FROM; and what all checks share. */
#ifndef BIVY_BUILD_LINT_STAGE_H
#define BIVY_BUILD_LINT_STAGE_H

#include "build/lint.h"

struct linter {
	struct arena *arena;
	const struct outline *outline;
	const struct lint_settings *settings;
	struct dockerfile_warning *list;
	size_t count, room;
};

void lint_add(struct linter *linter, const char *rule, const struct dockerfile_instruction *source, const char *format, ...) _printf_(4, 5);
void lint_add_warning(struct linter *linter, const struct dockerfile_warning *warning);

/* ARGs before the first FROM, and names of all stages. */
void lint_globals(struct linter *linter);
void lint_stage(struct linter *linter, const struct outline_stage *stage);

#endif
