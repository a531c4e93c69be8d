/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a holder answers. What is accepted is read again from what is written of it. */
#include "spec/home.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_home_reply reply = { 0 }, again = { 0 };
	struct error err = ERROR_INIT;

	if (spec_home_reply_decode(arena, (const char *)data, size, &reply, &err) < 0) {
		if (!err.message[0])
			abort();
		return 0;
	}
	spec_home_reply_encode(&reply, &out);
	if (out.length <= SPEC_HOME_REPLY && reply.count <= SPEC_HOME_FAILURES &&
	    (spec_home_reply_decode(arena, out.data, out.length, &again, NULL) < 0 || again.count != reply.count))
		abort();
	return 0;
}
