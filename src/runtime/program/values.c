/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/values.h"
#include "base/moment.h"
#include "base/quantity.h"
#include "base/str.h"

#include <limits.h>

int value_parse_size(const char *text, void *target, struct error *err)
{
	uint64_t bytes;
	int r;

	if (str_equal(text, "-1")) {
		*(int64_t *)target = -1;
		return 0;
	}
	r = quantity_parse_size(text, &bytes);
	if (r == -EINVAL)
		return error_set(err, ERROR_INVALID, 0, "expected a size such as 512M, or -1 for no limit");
	if (r < 0)
		return error_set(err, ERROR_INVALID, 0, "the size is too large");
	*(int64_t *)target = (int64_t)bytes;
	return 0;
}

int value_parse_duration(const char *text, void *target, struct error *err)
{
	const int64_t nanoseconds_per_ms = 1000000;
	int64_t nanoseconds, milliseconds;
	int r = duration_parse(text, &nanoseconds);

	if (r == -EINVAL)
		return error_set(err, ERROR_INVALID, 0, "expected a duration such as 5s or 1m30s");
	if (r == 0 && nanoseconds <= 0)
		return error_set(err, ERROR_INVALID, 0, "expected a duration above 0");
	milliseconds = r < 0 ? INT64_MAX : nanoseconds / nanoseconds_per_ms + (nanoseconds % nanoseconds_per_ms != 0);
	if (milliseconds > INT_MAX)
		return error_set(err, ERROR_INVALID, 0, "the duration is too long");
	*(unsigned *)target = (unsigned)milliseconds;
	return 0;
}

int value_parse_signal(const char *text, void *target, struct error *err)
{
	if (quantity_parse_signal(text, target) < 0)
		return error_set(err, ERROR_INVALID, 0, "unknown signal '%s'", text);
	return 0;
}

int value_parse_id(const char *text, void *target, struct error *err)
{
	uint64_t value;

	/* The last value of 32 bits means "no change" to setresuid(2). */
	if (str_to_u64(text, 10, &value) < 0 || value >= UINT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected an id from 0 to %u", UINT32_MAX - 1);
	*(uint32_t *)target = (uint32_t)value;
	return 0;
}
