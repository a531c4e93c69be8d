/* SPDX-License-Identifier: Apache-2.0 */
/* Any headers: whoever is allowed to comes from where it asks. */
#include "api/origin.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size), *host = strchr(text, '\n');

	if (!host)
		return 0;
	*host++ = '\0';
	if (api_origin_is_allowed(text, host) && strcasecmp(strstr(text, "://") + 3, host) != 0)
		abort();
	if (!api_origin_is_allowed(NULL, host))
		abort();
	return 0;
}
