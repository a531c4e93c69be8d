/* SPDX-License-Identifier: Apache-2.0 */
/* What an image asks the stages upon it to do: the texts of its ONBUILD. */
#ifndef BIVY_BUILD_TRIGGER_H
#define BIVY_BUILD_TRIGGER_H

#include "build/outline.h"

/*
 * One of them as an instruction, with the Dockerfile that it is by itself.
 * ERROR_INVALID, with the stage's FROM in message and mark: there is no other
 * place that the user knows.
 */
int trigger_parse(struct arena *arena, const struct outline *outline, const struct outline_stage *stage, const char *text,
	struct dockerfile **ret_dockerfile, struct instruction **ret, struct dockerfile_mark *mark, struct error *err) _must_check_;

#endif
