/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/values.h"
#include "base/str.h"

#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <strings.h>

/*
 * A decimal number with an optional fraction, in units of 1/SCALE: "1.5" is
 * 1.5 * SCALE, rounded down. *AT moves behind it. Without floating point,
 * which would round large sizes. -EINVAL: no number; -ERANGE: too large.
 */
static int parse_decimal(const char **at, uint64_t scale, uint64_t *ret)
{
	uint64_t whole = 0, part = scale, fraction = 0;
	const char *start = *at;

	for (; isdigit((unsigned char)**at); (*at)++)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, (uint64_t)(**at - '0'), &whole))
			return -ERANGE;
	if (*at == start)
		return -EINVAL;
	if (**at == '.') {
		for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
			/* Remainders are lost only where a digit is worth less than a unit. */
			fraction += part / 10 * (uint64_t)(**at - '0') + part % 10 * (uint64_t)(**at - '0') / 10;
			part /= 10;
		}
	}
	if (__builtin_mul_overflow(whole, scale, &whole) || __builtin_add_overflow(whole, fraction, ret))
		return -ERANGE;
	return 0;
}

/* How many bytes the unit TEXT stands for: "", "b", "k", "kb", "kib", ... in any case; 0 if none. */
static uint64_t size_of_unit(const char *text)
{
	static const char letters[] = "kmgtpe";
	const char *letter;

	if (!*text || strcasecmp(text, "b") == 0)
		return 1;
	letter = strchr(letters, tolower((unsigned char)*text));
	if (!letter || (text[1] && strcasecmp(text + 1, "b") != 0 && strcasecmp(text + 1, "ib") != 0))
		return 0;
	return (uint64_t)1 << (10 * (letter - letters + 1));
}

int value_parse_size(const char *text, void *target, struct error *err)
{
	const char *at = text, *unit;
	uint64_t scale, bytes;
	int r;

	if (str_equal(text, "-1")) {
		*(int64_t *)target = -1;
		return 0;
	}
	unit = text + strspn(text, "0123456789.");
	scale = size_of_unit(unit + (*unit == ' '));
	r = scale ? parse_decimal(&at, scale, &bytes) : -EINVAL;
	if (r == -EINVAL || (r == 0 && at != unit))
		return error_set(err, ERROR_INVALID, 0, "expected a size such as 512M, or -1 for no limit");
	if (r < 0 || bytes > INT64_MAX)
		return error_set(err, ERROR_INVALID, 0, "the size is too large");
	*(int64_t *)target = (int64_t)bytes;
	return 0;
}

static const struct duration_unit {
	const char *name;
	uint64_t nanoseconds;
} duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\302\265s", 1000 }, /* U+00B5 micro sign */
	{ "\316\274s", 1000 }, /* U+03BC Greek mu */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
};

static const struct duration_unit *find_duration_unit(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
		if (strlen(duration_units[i].name) == length && memcmp(duration_units[i].name, name, length) == 0)
			return &duration_units[i];
	return NULL;
}

/* Adds one "1.5h" at *AT to *TOTAL (nanoseconds). */
static int add_duration_part(const char **at, uint64_t *total)
{
	const char *unit = *at + strspn(*at, "0123456789.");
	size_t length = strcspn(unit, "0123456789.");
	const struct duration_unit *known = find_duration_unit(unit, length);
	uint64_t value;
	int r;

	if (!known)
		return -EINVAL;
	r = parse_decimal(at, known->nanoseconds, &value);
	if (r < 0)
		return r;
	if (*at != unit)
		return -EINVAL;
	*at = unit + length;
	return __builtin_add_overflow(*total, value, total) ? -ERANGE : 0;
}

int value_parse_duration(const char *text, void *target, struct error *err)
{
	const uint64_t nanoseconds_per_ms = 1000000;
	const char *at = text;
	uint64_t total = 0, milliseconds;
	int r = *text ? 0 : -EINVAL;

	while (r == 0 && *at)
		r = add_duration_part(&at, &total);
	if (r == -EINVAL)
		return error_set(err, ERROR_INVALID, 0, "expected a duration such as 5s or 1m30s");
	milliseconds = total / nanoseconds_per_ms + (total % nanoseconds_per_ms != 0);
	if (r < 0 || milliseconds > INT_MAX)
		return error_set(err, ERROR_INVALID, 0, "the duration is too long");
	if (milliseconds == 0)
		return error_set(err, ERROR_INVALID, 0, "expected a duration above 0");
	*(unsigned *)target = (unsigned)milliseconds;
	return 0;
}

/*
 * The kernel's range. SIGRTMIN of a C library is not meant: glibc keeps the
 * first two for itself, musl three, and a container may have either.
 * "SIGRTMIN" on a command line is 34 for all other tools.
 */
enum { REALTIME_FIRST = 34, REALTIME_LAST = 64 };

static const struct signal_name {
	char name[8];
	int number;
} signal_names[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "FPE", SIGFPE }, { "HUP", SIGHUP }, { "ILL", SIGILL }, { "INT", SIGINT }, { "IO", SIGIO }, { "IOT", SIGIOT },
	{ "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "POLL", SIGPOLL }, { "PROF", SIGPROF }, { "PWR", SIGPWR }, { "QUIT", SIGQUIT },
	{ "SEGV", SIGSEGV }, { "STKFLT", SIGSTKFLT }, { "STOP", SIGSTOP }, { "SYS", SIGSYS }, { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	{ "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

/* "RTMIN", "RTMIN+N", "RTMAX", "RTMAX-N"; 0 if it is none of them. */
static int parse_realtime(const char *name)
{
	bool from_first = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t offset = 0;

	if (!from_first && strncasecmp(name, "RTMAX", 5) != 0)
		return 0;
	if (name[5] && (name[5] != (from_first ? '+' : '-') || str_to_u64(name + 6, 10, &offset) < 0))
		return 0;
	if (offset > REALTIME_LAST - REALTIME_FIRST)
		return 0;
	return from_first ? REALTIME_FIRST + (int)offset : REALTIME_LAST - (int)offset;
}

int value_parse_signal(const char *text, void *target, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int number = parse_realtime(name);
	uint64_t value;

	if (str_to_u64(text, 10, &value) == 0 && value <= REALTIME_LAST) {
		*(int *)target = (int)value;
		return 0;
	}
	for (size_t i = 0; !number && i < ARRAY_SIZE(signal_names); i++)
		if (strcasecmp(name, signal_names[i].name) == 0)
			number = signal_names[i].number;
	if (!number)
		return error_set(err, ERROR_INVALID, 0, "unknown signal '%s'", text);
	*(int *)target = number;
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
