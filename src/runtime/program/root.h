/* SPDX-License-Identifier: Apache-2.0 */
/* Where the records are and whose they are, when the command line leaves it open. */
#ifndef BIVY_RUNTIME_PROGRAM_ROOT_H
#define BIVY_RUNTIME_PROGRAM_ROOT_H

#include "runtime/verbs.h"

/*
 * Fills *RET. ROOT: what --root says, relative to the working directory, or
 * NULL: /run/bivy-runtime for root, $XDG_RUNTIME_DIR/bivy-runtime for others.
 * ROOTLESS: "true", "false" or "auto" (true for all but root of the first user
 * namespace). ret->root stays until the program ends.
 */
int root_choose(const char *root, const char *rootless, struct runtime *ret, struct error *err) _must_check_;

#endif
