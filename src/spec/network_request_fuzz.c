/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as requests about networks: each is taken, or refused with words. */
#include "spec/network_request.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_create create;
	struct spec_network_member member;
	struct error err = ERROR_INIT;

	if (spec_network_create_decode(arena, (const char *)data, size, &create, &err) < 0 && !err.message[0])
		abort();
	err = ERROR_INIT;
	if (spec_network_member_decode(arena, (const char *)data, size, &member, &err) < 0 && !err.message[0])
		abort();
	return 0;
}
