/* SPDX-License-Identifier: Apache-2.0 */
/* Any header has a weight within the bounds; of equal ranges the first counts. */
#include "api/accept.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	const char *preferred = arena_printf(arena, "text/plain; version=\"0.0.4\";q=0.125,%s", text);

	if (api_accept_quality(text, "text/plain", "0.0.4") > 1000 || api_accept_quality(text, "application/openmetrics-text", "1.0.0") > 1000)
		abort();
	if (api_accept_quality(preferred, "text/plain", "0.0.4") != 125)
		abort();
	return 0;
}
