/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a profile: what is accepted is written as something that is accepted and written the same, and added to itself stays what it is. */
#include "spec/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_profile *profile = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_profile_decode(arena, "profile", (const char *)data, size, &profile, &err) < 0) {
		if (profile || err.kind == ERROR_NONE || !err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 1; i < profile->write_count; i++)
		if (spec_profile_is_beneath(profile->writes[i], profile->writes[i - 1]))
			abort();
	spec_profile_encode(profile, &first);
	if (spec_profile_decode(arena, "profile", first.data, first.length, &again, NULL) < 0)
		abort();
	profile->runs = 0;
	spec_profile_merge(again, profile);
	spec_profile_encode(again, &second);
	if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
		abort();
	return 0;
}
