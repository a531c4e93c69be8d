/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal at which a person sits. */
#ifndef BIVY_ENGINE_TERMINAL_H
#define BIVY_ENGINE_TERMINAL_H

#include <stdbool.h>

/* Columns and rows of the terminal FD. False if it is none, or cannot do what redrawing takes ($TERM is "dumb"). */
bool terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

/* Whether the locale says that texts are UTF-8 (locale(7)). */
bool terminal_is_utf8(void);

#endif
