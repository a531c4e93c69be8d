/* SPDX-License-Identifier: Apache-2.0 */
#include "base/moment.h"

#include <ctype.h>
#include <inttypes.h>

#define NS_PER_S INT64_C(1000000000)

/* ---- reading --------------------------------------------------------------------- */

/* COUNT digits, no more; moves *TEXT behind them. */
static bool take_digits(const char **text, int count, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)(*text)[i]))
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += count;
	*ret = value;
	return true;
}

static bool take_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

/* ".789", as nanoseconds; digits beyond those are dropped. */
static bool take_fraction(const char **text, long *ret_ns)
{
	long ns = 0;
	int digits = 0;

	for (; isdigit((unsigned char)**text); (*text)++, digits++)
		if (digits < 9)
			ns = ns * 10 + (**text - '0');
	if (digits == 0)
		return false;
	for (; digits < 9; digits++)
		ns *= 10;
	*ret_ns = ns;
	return true;
}

/* "Z", "+02:00": seconds east of Greenwich. */
static bool take_zone(const char **text, int *ret_s)
{
	int hours, minutes;
	bool west = **text == '-';

	*ret_s = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_digits(text, 2, &hours) || !take_char(text, ":") || !take_digits(text, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return true;
}

static bool is_date(int year, int month, int day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **text, struct tm *date)
{
	if (!take_digits(text, 4, &date->tm_year) || !take_char(text, "-") || !take_digits(text, 2, &date->tm_mon) ||
	    !take_char(text, "-") || !take_digits(text, 2, &date->tm_mday) || !is_date(date->tm_year, date->tm_mon, date->tm_mday))
		return false;
	date->tm_year -= 1900;
	date->tm_mon -= 1;
	return true;
}

/* "12", "12:34", "12:34:56.789"; COMPLETE asks for seconds. */
static bool take_time(const char **text, bool complete, struct tm *date, long *ret_ns)
{
	if (!take_digits(text, 2, &date->tm_hour) || date->tm_hour > 23)
		return false;
	if (!take_char(text, ":"))
		return !complete;
	if (!take_digits(text, 2, &date->tm_min) || date->tm_min > 59)
		return false;
	if (!take_char(text, ":"))
		return !complete;
	/* 60 is a leap second. */
	if (!take_digits(text, 2, &date->tm_sec) || date->tm_sec > 60)
		return false;
	return !take_char(text, ".,") || take_fraction(text, ret_ns);
}

static int parse(const char *text, bool complete, struct timespec *ret)
{
	struct tm date = { .tm_sec = 0 };
	long ns = 0;
	int zone_s = 0;

	if (!take_date(&text, &date))
		return -EINVAL;
	if (*text || complete)
		if (!take_char(&text, complete ? "Tt " : "Tt") || !take_time(&text, complete, &date, &ns))
			return -EINVAL;
	if ((*text || complete) && !take_zone(&text, &zone_s))
		return -EINVAL;
	if (*text)
		return -EINVAL;
	*ret = (struct timespec){ .tv_sec = timegm(&date) - zone_s, .tv_nsec = ns };
	return 0;
}

int moment_parse(const char *text, struct timespec *ret)
{
	return parse(text, true, ret);
}

/* "1234", "1234.5", "-1": seconds since 1970; the decimals of a negative number count towards the future, as docker's. */
static int parse_seconds(const char *text, struct timespec *ret)
{
	const char *point = strchr(text, '.');
	size_t length = point ? (size_t)(point - text) : strlen(text), decimals = point ? strlen(point + 1) : 0;
	char whole[24];
	int64_t seconds;
	long ns = 0;

	if (length >= sizeof whole || (point && (decimals == 0 || decimals > 9 || strspn(point + 1, "0123456789") != decimals)))
		return -EINVAL;
	memcpy(whole, text, length);
	whole[length] = '\0';
	if (str_to_i64(whole, 10, &seconds) < 0)
		return -EINVAL;
	for (size_t i = 0; point && i < 9; i++)
		ns = 10 * ns + (i < decimals ? point[1 + i] - '0' : 0);
	*ret = (struct timespec){ .tv_sec = seconds, .tv_nsec = ns };
	return 0;
}

int moment_parse_limit(const char *text, const struct timespec *now, struct timespec *ret)
{
	int64_t value;

	if (parse_seconds(text, ret) == 0)
		return 0;
	if (duration_parse(text, &value) == 0) {
		int64_t ns = now->tv_nsec - value % NS_PER_S, carry = ns < 0 ? -1 : ns / NS_PER_S;

		*ret = (struct timespec){ .tv_sec = now->tv_sec - value / NS_PER_S + carry, .tv_nsec = ns - carry * NS_PER_S };
		return 0;
	}
	return parse(text, false, ret);
}

/* ---- lengths ------------------------------------------------------------------------ */

/* The unit that TEXT begins with. */
static bool take_unit(const char **text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "µs", 1000 }, { "μs", 1000 }, { "ms", 1000000 }, { "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t length = strlen(units[i].name);
		char next = '\0';

		if (!str_starts_with(*text, units[i].name))
			continue;
		next = (*text)[length];
		if (next && !isdigit((unsigned char)next) && next != '.')
			continue;
		*text += length;
		*ret_ns = units[i].ns;
		return true;
	}
	return false;
}

int duration_parse(const char *text, int64_t *ret_ns)
{
	bool negative = *text == '-';
	int64_t total = 0;

	if (take_char(&text, "+-") && !*text)
		return -EINVAL;
	if (str_equal(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		int64_t whole = 0, unit, part;
		long billionths = 0;
		bool digits = false;

		for (; isdigit((unsigned char)*text); text++, digits = true)
			if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *text - '0', &whole))
				return -ERANGE;
		if (take_char(&text, ".") && !take_fraction(&text, &billionths) && !digits)
			return -EINVAL;
		if ((!digits && !billionths) || !take_unit(&text, &unit))
			return -EINVAL;
		part = (int64_t)((double)billionths / 1e9 * (double)unit + 0.5);
		if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(total, whole, &total) ||
		    __builtin_add_overflow(total, part, &total))
			return -ERANGE;
	}
	*ret_ns = negative ? -total : total;
	return 0;
}

/* ---- writing -------------------------------------------------------------------------- */

void moment_add(const struct timespec *moment, struct buf *out)
{
	time_t seconds = moment->tv_sec;
	struct tm date;
	char text[64] = "";

	if (!gmtime_r(&seconds, &date))
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &date);
	buf_add_text(out, text);
	if (moment->tv_nsec) {
		char digits[16];
		size_t length = (size_t)snprintf(digits, sizeof digits, ".%09ld", moment->tv_nsec);

		while (digits[length - 1] == '0')
			digits[--length] = '\0';
		buf_add(out, digits, length);
	}
	buf_add_char(out, 'Z');
}

void duration_add_rough(int64_t seconds, struct buf *out)
{
	int64_t minutes = seconds / 60, hours = (seconds + 1800) / 3600;

	if (seconds < 1)
		buf_add_text(out, "Less than a second");
	else if (seconds == 1)
		buf_add_text(out, "1 second");
	else if (seconds < 60)
		buf_printf(out, "%" PRId64 " seconds", seconds);
	else if (minutes == 1)
		buf_add_text(out, "About a minute");
	else if (minutes < 60)
		buf_printf(out, "%" PRId64 " minutes", minutes);
	else if (hours == 1)
		buf_add_text(out, "About an hour");
	else if (hours < 48)
		buf_printf(out, "%" PRId64 " hours", hours);
	else if (hours < 24 * 7 * 2)
		buf_printf(out, "%" PRId64 " days", hours / 24);
	else if (hours < 24 * 30 * 2)
		buf_printf(out, "%" PRId64 " weeks", hours / 24 / 7);
	else if (hours < 24 * 365 * 2)
		buf_printf(out, "%" PRId64 " months", hours / 24 / 30);
	else
		buf_printf(out, "%" PRId64 " years", seconds / 3600 / 24 / 365);
}
