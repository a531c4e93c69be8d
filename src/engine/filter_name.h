/* SPDX-License-Identifier: Apache-2.0 */
/* "NAME=VALUE", as it stands behind --filter. */
#ifndef BIVY_ENGINE_FILTER_NAME_H
#define BIVY_ENGINE_FILTER_NAME_H

#include "base/error.h"

#include <stddef.h>

/*
 * Which of the COUNT WORDS the name is, and the value, which is not empty, in
 * TEXT. ERROR_INVALID for others, with the nearest word as hint; or HINT, if none
 * is near.
 */
int filter_name_find(const char *text, const char *const *words, size_t count, const char *hint, size_t *ret_word, const char **ret_value,
	struct error *err) _must_check_;

#endif
