/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal at which a person sits. */
#ifndef BIVY_ENGINE_TERMINAL_H
#define BIVY_ENGINE_TERMINAL_H

#include "base/error.h"

#include <stdbool.h>

/* Columns and rows of the terminal FD. False if it is none, or cannot do what redrawing takes ($TERM is "dumb"). */
bool terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

/*
 * Asks PROMPT on the terminal of the process and reads a line, which is not
 * shown while it is typed if SECRET. *RET_LINE, without its newline, is the
 * caller's to free(). ERROR_UNAVAILABLE without a terminal, or when nothing is
 * typed but its end.
 */
int terminal_ask(const char *prompt, bool secret, char **ret_line, struct error *err) _must_check_;

#endif
