/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted has parts without a NUL, within the bounds, and filters that are "NAME=VALUE". */
#include "api/target.h"
#include "base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	struct error err = ERROR_INIT;
	struct api_target target;
	char **filters = NULL;
	int64_t number = 3;

	if (api_target_decode(arena, text, &target, &err) < 0) {
		if (err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return 0;
	}
	if (target.minor < API_VERSION_LEAST || target.minor > API_VERSION_KNOWN || target.segment_count == 0 || target.segment_count > API_TARGET_SEGMENTS ||
	    target.segments[target.segment_count] || target.query_count > API_TARGET_PARAMETERS)
		abort();
	ignore_result(api_target_flag(&target, "a", false));
	if (api_target_number(&target, "n", 0, 9, &number, NULL) == 0 && (number < 0 || number > 9))
		abort();
	if (api_target_filters(arena, &target, &filters, NULL) == 0)
		for (; filters && *filters; filters++)
			if (!strchr(*filters, '='))
				abort();
	return 0;
}
