/* SPDX-License-Identifier: Apache-2.0 */
/* Modes of files as --chmod has them. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_MODE_H
#define BIVY_BUILD_INSTRUCTION_MODE_H

#include <stdbool.h>

/* "0755" up to 7777, or as chmod(1) takes it: "u=rwX,go=rX", "+x", "g=u". */
bool instruction_mode_is_valid(const char *text);

#endif
