/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter_name.h"
#include "base/options.h"

static int refuse(const char *name, const char *text, const char *const *words, size_t count, const char *hint, struct error *err)
{
	const char *nearest = options_nearest(name, words, count);

	error_set(err, ERROR_INVALID, 0, "invalid filter '%s'", text);
	if (nearest)
		error_hint(err, "did you mean '%s=…'?", nearest);
	else
		error_hint(err, "%s", hint);
	return -EINVAL;
}

int filter_name_find(const char *text, const char *const *words, size_t count, const char *hint, size_t *ret_word, const char **ret_value,
	struct error *err)
{
	const char *equals = strchr(text, '=');
	_cleanup_free_ char *name = str_printf("%.*s", (int)strcspn(text, "="), text);

	if (!equals || !equals[1])
		return error_set(err, ERROR_INVALID, 0, "invalid filter '%s': expected NAME=VALUE", text);
	for (size_t i = 0; i < count; i++) {
		if (str_equal(words[i], name)) {
			*ret_word = i;
			*ret_value = equals + 1;
			return 0;
		}
	}
	return refuse(name, text, words, count, hint, err);
}
