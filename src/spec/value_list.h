/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parsers of values that people write share: lists that grow in an
 * arena, words, paths. A parser reads the whole of a text and returns 0, or a
 * negative errno with what it expected in *err; which option it was for is
 * added by who knows.
 */
#ifndef BIVY_SPEC_VALUE_LIST_H
#define BIVY_SPEC_VALUE_LIST_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"

/* ITEMS, an array of COUNT objects of SIZE bytes or NULL, with room for two more; those are zeros. */
void *value_list_grow(struct arena *arena, void *items, size_t count, size_t size) _must_check_;

/* A NULL-terminated list with its length. */
struct value_strings {
	char **items; /* NULL: none was added */
	size_t count;
};

void value_strings_add(struct arena *arena, struct value_strings *list, char *text);

/* The parts of TEXT between commas, each as it stands; "" has none. */
struct value_strings value_split(struct arena *arena, const char *text, char separator);

/* A line of comma-separated values: a part in double quotes may have commas, and "" in it stands for one quote. */
int value_split_quoted(struct arena *arena, const char *text, struct value_strings *ret, struct error *err) _must_check_;

/* "KEY=VALUE" of such parts; a part without '=' has no value: NULL. */
struct spec_pair value_split_pair(struct arena *arena, const char *part);

/* Fails with KEY, which is none of the NULL-terminated KEYS, and with the nearest as hint. */
int value_refuse_key(const char *key, const char *const *keys, struct error *err);

/* Fails with "expected one of a, b, c" for a TEXT that is not among the NULL-terminated WORDS, and with the nearest as hint. */
int value_check_word(const char *text, const char *const *words, struct error *err) _must_check_;

/* "true", "1", "false", "0"; NULL is true. */
int value_parse_bool(const char *text, bool *ret, struct error *err) _must_check_;

/* PATH without "//", "." and "..", as far as that goes without looking; relative to DIRECTORY, which is absolute, unless it is absolute itself. */
char *value_clean_path(struct arena *arena, const char *directory, const char *path);

struct value_pairs {
	struct spec_pair *items;
	size_t count;
};

/* Adds "NAME=VALUE", in place of an earlier one of that name. */
int value_pair_add(struct arena *arena, const char *text, struct value_pairs *pairs, struct error *err) _must_check_;
/* Likewise, and "NAME" alone has the value "". */
int value_label_add(struct arena *arena, const char *text, struct value_pairs *pairs, struct error *err) _must_check_;

#endif
