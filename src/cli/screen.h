/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in rounds: each drawn over the one before on a terminal, else one behind the other. */
#ifndef BIVY_CLI_SCREEN_H
#define BIVY_CLI_SCREEN_H

#include "base/error.h"
#include "base/str.h"

/* Clears the terminal for the first round. True if the standard output is one that can be redrawn: IS_REDRAWN of what follows. */
bool screen_begin(void);

/* Its columns now, 0 if it is not redrawn. */
unsigned screen_columns(bool is_redrawn);

/* Writes a round to the standard output. */
int screen_write(bool is_redrawn, const struct buf *text, struct error *err) _must_check_;

#endif
