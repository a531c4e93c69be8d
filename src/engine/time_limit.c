/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/time_limit.h"
#include "base/moment.h"

#define NS_PER_S INT64_C(1000000000)

int time_limit_read(const char *name, const char *text, int64_t *ret_ns, struct error *err)
{
	struct timespec moment, now;

	if (!text)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (moment_parse_limit(text, &now, &moment) < 0 || moment.tv_sec < 0 || moment.tv_sec > INT64_MAX / NS_PER_S - 1)
		return error_set(err, ERROR_INVALID, 0, "invalid --%s '%s': expected a time such as 2024-05-07T12:34:56 or an age such as 24h", name, text);
	*ret_ns = moment.tv_sec * NS_PER_S + moment.tv_nsec;
	return 0;
}
