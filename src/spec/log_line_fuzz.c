/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a line of a log, in both forms: what is read comes back the same when it is written and read again. */
#include "spec/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct spec_log_record record, again;

	ignore_result(spec_log_line_decode_journal(arena, (const char *)data, size, &record, NULL)); /* nothing to compare with */
	if (spec_log_line_decode(arena, (const char *)data, size, &record, NULL) < 0 || record.time_ns < 0)
		return 0;
	spec_log_line_encode(&record, NULL, &line);
	if (spec_log_line_decode(arena, line.data, line.length, &again, NULL) < 0)
		abort();
	if (again.stream != record.stream || again.partial != record.partial || again.time_ns != record.time_ns || again.length != record.length ||
	    memcmp(again.text, record.text, record.length) != 0)
		abort();
	return 0;
}
