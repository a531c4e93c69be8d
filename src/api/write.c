/* SPDX-License-Identifier: Apache-2.0 */
#include "api/write.h"

void api_write_texts(struct json_writer *w, const char *key, const char *const *list)
{
	if (!list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

void api_write_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	json_write_open(w, key, '{');
	for (size_t i = 0; i < count; i++)
		json_write_string(w, pairs[i].key, pairs[i].value);
	json_write_close(w, '}');
}

void api_write_pairs_or_null(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	if (count == 0)
		json_write_null(w, key);
	else
		api_write_pairs(w, key, pairs, count);
}
