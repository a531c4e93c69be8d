/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an address: what comes out can be handed to programs, and leads nowhere else. */
#include "build/remote.h"

#include "base/str.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_name(const char *name)
{
	return *name && !strchr(name, '/') && !str_equal(name, ".") && !str_equal(name, "..");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct remote remote;
	int r = remote_parse(arena, arena_strndup(arena, (const char *)data, size), &remote, &err);

	if (r < 0) {
		if (err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return 0;
	}
	if (!remote.url || (remote.kind == REMOTE_FILE && !is_name(remote.name)))
		abort();
	if (remote.reference && (*remote.reference == '-' || !*remote.reference))
		abort();
	if (remote.directory && (*remote.directory == '/' || str_equal(remote.directory, "..") || strstr(remote.directory, "/../") ||
	    str_starts_with(remote.directory, "../")))
		abort();
	return 0;
}
