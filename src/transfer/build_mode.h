/* SPDX-License-Identifier: Apache-2.0 */
/* Modes as COPY --chmod takes them: octal, or chmod(1)'s words "u=rwX,go+r-w". */
#ifndef BIVY_TRANSFER_BUILD_MODE_H
#define BIVY_TRANSFER_BUILD_MODE_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * The mode (07777) that TEXT makes of MODE, whose type of file counts for 'X'.
 * ERROR_INVALID if TEXT is none; that does not depend on MODE.
 */
int build_mode_apply(const char *text, mode_t mode, mode_t *ret, struct error *err) _must_check_;

#endif
