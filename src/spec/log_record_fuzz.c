/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a segment of a log: what is read lies within them, and is the same when written again. */
#include "spec/log_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct spec_log_record *record, size_t length, const uint8_t *at, const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf again = BUF_INIT;

	if (at < data || at + length > data + size || record->length > SPEC_LOG_TEXT_LIMIT)
		abort();
	spec_log_record_encode(record, &again);
	if (again.length != length || memcmp(again.data, at, length) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_log_record record;
	size_t at = 0, length;

	while (spec_log_record_decode(data + at, size - at, &record, &length) == 0) {
		check(&record, length, data + at, data, size);
		at += length;
	}
	at = size;
	while (spec_log_record_decode_last(data, at, &record, &length) == 0) {
		check(&record, length, data + at - length, data, size);
		at -= length;
	}
	return 0;
}
