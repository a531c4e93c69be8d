/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the parameters of a build: each is taken, or refused with words. */
#include "spec/build_parameters.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct spec_container_ulimit *ulimits;
	struct error err = ERROR_INIT;
	char **arguments;
	size_t count;

	if (spec_build_arguments_decode(arena, text, &arguments, &err) < 0 && !err.message[0])
		abort();
	err = ERROR_INIT;
	if (spec_build_ulimits_decode(arena, text, &ulimits, &count, &err) < 0 && !err.message[0])
		abort();
	return 0;
}
