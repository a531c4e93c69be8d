/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_fetch.h"

static const char *const schemes[] = { "http://", "https://", "git://", "ssh://", "git@" };

bool build_fetch_is_remote(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (str_starts_with(text, schemes[i]))
			return true;
	return str_equal(text, "-");
}

int build_fetch_context(struct build *build _unused_, const char *text, const char **ret_path _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "cannot use the context '%s': only directories are supported", text);
}
