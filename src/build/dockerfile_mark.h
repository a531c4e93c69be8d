/* SPDX-License-Identifier: Apache-2.0 */
/* Places in a Dockerfile, for messages. Internal to build; dockerfile_show_mark() is in dockerfile.h. */
#ifndef BIVY_BUILD_DOCKERFILE_MARK_H
#define BIVY_BUILD_DOCKERFILE_MARK_H

#include "build/dockerfile.h"

/* Where TEXT is written in the lines of INSTRUCTION, as a word if it is one; the instruction's own mark if it is nowhere, or NULL. */
struct dockerfile_mark dockerfile_mark_text(const struct dockerfile *dockerfile, const struct dockerfile_instruction *instruction, const char *text);

#endif
