/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a tally: what is accepted is the same when written and read again, and never too long for that. */
#include "spec/tally.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_tally tally, again;
	struct error err = ERROR_INIT;

	if (spec_tally_decode((const char *)data, size, &tally, &err) < 0)
		return 0;
	spec_tally_encode(&tally, &text);
	if (spec_tally_decode(text.data, text.length, &again, &err) < 0 || memcmp(&tally, &again, sizeof tally) != 0)
		abort();
	return 0;
}
