/* SPDX-License-Identifier: Apache-2.0 */
/* "# escape=`", "# syntax=…" and "# check=…": comments at the top of a Dockerfile that are none. Internal to build. */
#ifndef BIVY_BUILD_DOCKERFILE_DIRECTIVE_H
#define BIVY_BUILD_DOCKERFILE_DIRECTIVE_H

#include "build/dockerfile.h"

/*
 * Whether COMMENT, what follows the '#' of a line, is a directive: 1, and its
 * value is in *DOCKERFILE; 0 for any other comment, behind which there are no
 * directives any more. ERROR_INVALID, without the name of the file: a directive
 * twice, an escape character that is none.
 */
int dockerfile_directive_read(struct arena *arena, const char *comment, struct dockerfile *dockerfile, struct error *err) _must_check_;

#endif
