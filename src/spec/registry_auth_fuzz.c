/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as logins of a header: what is accepted makes a login file. */
#include "spec/registry_auth.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_registry_login one = { .host = "docker.io" }, *all = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	if (spec_registry_auth_parse(arena, (const char *)data, size, &one.auth, &err) < 0 && err.kind == ERROR_NONE)
		abort();
	if (spec_registry_auth_decode(arena, (const char *)data, size, &one.auth, NULL) == 0)
		spec_registry_logins_encode(&one, 1, &text);
	if (spec_registry_logins_decode(arena, (const char *)data, size, &all, &count, NULL) == 0)
		spec_registry_logins_encode(all, count, &text);
	return 0;
}
