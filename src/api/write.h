/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps of texts in JSON, as Go writes them. */
#ifndef BIVY_API_WRITE_H
#define BIVY_API_WRITE_H

#include "base/json.h"
#include "spec/config.h"

/* An array; null for NULL. */
void api_write_texts(struct json_writer *w, const char *key, const char *const *list);
/* An object, {} without pairs. */
void api_write_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count);
/* The same, but null without. */
void api_write_pairs_or_null(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count);

#endif
