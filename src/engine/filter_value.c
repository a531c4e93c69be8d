/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter_value.h"
#include "spec/config.h"

int filter_value_read_truth(const char *name, const char *value, bool *ret, struct error *err)
{
	bool is_true = str_equal(value, "true") || str_equal(value, "1");

	if (!is_true && !str_equal(value, "false") && !str_equal(value, "0"))
		return error_set(err, ERROR_INVALID, 0, "invalid filter '%s=%.200s': expected true or false", name, value);
	*ret = is_true;
	return 0;
}

bool filter_value_is_among(const char *value, const struct spec_pair *pairs, size_t count)
{
	size_t length = strcspn(value, "=");

	for (size_t i = 0; i < count; i++)
		if (strlen(pairs[i].key) == length && memcmp(pairs[i].key, value, length) == 0 &&
		    (!value[length] || str_equal(pairs[i].value, value + length + 1)))
			return true;
	return false;
}
