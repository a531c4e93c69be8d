/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and other pairs of name and value, given one by one or in a file of lines. All is made in the arena. */
#ifndef BIVY_CLI_VALUE_ENV_H
#define BIVY_CLI_VALUE_ENV_H

#include "spec/value_list.h"
#include "spec/config.h"

#define VALUE_FILE_LIMIT (1u << 20) /* bytes of a file of lines */
#define VALUE_LINES_LIMIT 10000     /* of its lines that say something */

/*
 * Adds "NAME=VALUE" to the variables in *ENV, in place of an earlier one of that
 * name. "NAME" takes the value that it has in ENVIRONMENT, NULL-terminated, and
 * adds nothing if there is none.
 */
int value_env_add(struct arena *arena, const char *text, char *const *environment, struct value_strings *env, struct error *err) _must_check_;

/* Adds the lines of a file, read as above; empty ones and those that begin with '#' say nothing. Errors tell the number of the line. */
int value_env_add_lines(struct arena *arena, const char *lines, char *const *environment, struct value_strings *env, struct error *err) _must_check_;
int value_env_add_file(struct arena *arena, const char *path, char *const *environment, struct value_strings *env, struct error *err) _must_check_;

/* Adds the lines of a file as value_label_add(). */
int value_label_add_file(struct arena *arena, const char *path, struct value_pairs *pairs, struct error *err) _must_check_;

#endif
