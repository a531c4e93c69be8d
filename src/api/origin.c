/* SPDX-License-Identifier: Apache-2.0 */
#include "api/origin.h"
#include "base/str.h"

#include <strings.h>

/* "127.0.0.1", "[::1]", "localhost", each with a port or without. */
static bool is_address(const char *host)
{
	size_t length = host[0] == '[' ? strspn(host + 1, "0123456789abcdefABCDEF:.") + 2 : strcspn(host, ":");

	if (host[0] == '[' && (length < 4 || strlen(host) < length || host[length - 1] != ']'))
		return false;
	if (host[length] && (host[length] != ':' || strspn(host + length + 1, "0123456789") != strlen(host + length + 1)))
		return false;
	if (host[0] == '[' || (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0))
		return true;
	return length > 0 && strspn(host, "0123456789.") == length;
}

bool api_origin_is_allowed(const char *origin, const char *host)
{
	static const char *const schemes[] = { "http://", "https://" };

	if (!origin)
		return true;
	if (!host || !is_address(host))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (str_starts_with(origin, schemes[i]))
			return strcasecmp(origin + strlen(schemes[i]), host) == 0;
	return false;
}
