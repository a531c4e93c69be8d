/* SPDX-License-Identifier: Apache-2.0 */
#include "base/human.h"
#include "base/moment.h"

char *human_size(uint64_t bytes, int digits)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes, limit = 1000;
	size_t unit = 0;

	/* What would be rounded to a thousand is one of the next unit. */
	for (int i = 3; i < digits; i++)
		limit *= 10;
	while (unit + 1 < ARRAY_SIZE(units) && (value >= 1000 || (unit > 0 && (uint64_t)(value * limit / 1000 + 0.5) >= (uint64_t)limit))) {
		value /= 1000;
		unit++;
	}
	return str_printf("%.*g%s", digits, value, units[unit]);
}

char *human_memory(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && value >= 1024) {
		value /= 1024;
		unit++;
	}
	/* 1023.6 would be written with four digits as 1024, which is right. */
	return str_printf("%.4g%s", value, units[unit]);
}

char *human_since(int64_t moment_s, int64_t now_s)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (moment_s == 0)
		return str_dup("N/A");
	duration_add_rough(now_s - moment_s, &text);
	buf_add_text(&text, " ago");
	return buf_take(&text);
}

char *human_time(int64_t moment_s)
{
	time_t seconds = moment_s;
	struct tm date;
	char text[80] = "";

	if (localtime_r(&seconds, &date))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &date);
	return str_dup(text);
}
