/* SPDX-License-Identifier: Apache-2.0 */
/* Values in a template: what they print as, whether they are true, how they compare. They are JSON values. */
#ifndef BIVY_BASE_TEMPLATE_VALUE_H
#define BIVY_BASE_TEMPLATE_VALUE_H

#include "base/error.h"
#include "base/json.h"

/* New values in the arena. */
struct json *value_of_text(struct arena *arena, const char *text, size_t length);
struct json *value_of_bool(struct arena *arena, bool truth);
struct json *value_of_int(struct arena *arena, int64_t number);

/* As Go prints it: text as it is, lists as "[a b]", objects as "map[k:v]", nothing as "<no value>". */
void value_print(const struct json *value, struct buf *out);

/* Neither nothing, false, 0 nor empty. */
bool value_is_true(const struct json *value);

bool value_is_number(const struct json *value);

/* Below 0, 0, above 0 for two numbers or two texts into *RET. ERROR_INVALID for others. */
int value_compare(const struct json *a, const struct json *b, int *ret, struct error *err) _must_check_;

/* Whether they are equal; ERROR_INVALID for lists and objects, and for values of different types. */
int value_equal(const struct json *a, const struct json *b, bool *ret, struct error *err) _must_check_;

/* The members of an object by their names, NULL-terminated, in the arena. */
const struct json **value_sorted_members(struct arena *arena, const struct json *object);

/* A whole number that fits. */
int value_int(const struct json *value, int64_t *ret, struct error *err) _must_check_;

#endif
