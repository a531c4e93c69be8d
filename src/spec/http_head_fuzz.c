/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a client says first: the judgement of a whole head does not depend on how it came. */
#include "spec/http_head.h"
#include "spec/http_line.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct spec_http_fault fault = { 0 };
	int whole = spec_http_head_judge(bytes, size, &fault);

	if ((whole < 0) != (fault.text != NULL) || (whole < 0) != (fault.status != 0))
		abort();
	if (whole != 0 && whole != 1 && whole != -EBADMSG)
		abort();
	/* Of what is good no beginning was bad, and what was bad does not get better. */
	for (size_t part = 0; part < size; part += 1 + size / 16) {
		struct spec_http_fault of_part;
		int r = spec_http_head_judge(bytes, part, &of_part);

		if ((whole >= 0 && r < 0) || (r == 1 && whole != 1) || (r < 0 && whole >= 0))
			abort();
	}
	return 0;
}
