/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"
#include "base/str.h"

#include <ctype.h>
#include <signal.h>
#include <strings.h>

/* ---- numbers ------------------------------------------------------------------------ */

/* LENGTH bytes of TEXT are the number. */
static int parse_decimal(const char *text, size_t length, uint64_t scale, uint64_t *ret)
{
	const char *at = text, *end = text + length;
	uint64_t whole = 0, part = scale, fraction = 0;

	for (; at < end && isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, (uint64_t)(*at - '0'), &whole))
			return -ERANGE;
	if (at == text)
		return -EINVAL;
	if (at < end && *at == '.') {
		for (at++; at < end && isdigit((unsigned char)*at); at++) {
			/* Remainders are lost only where a digit is worth less than a unit. */
			fraction += part / 10 * (uint64_t)(*at - '0') + part % 10 * (uint64_t)(*at - '0') / 10;
			part /= 10;
		}
	}
	if (at != end)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, scale, &whole) || __builtin_add_overflow(whole, fraction, &whole))
		return -ERANGE;
	*ret = whole;
	return 0;
}

int quantity_parse_decimal(const char *text, uint64_t scale, uint64_t *ret)
{
	return parse_decimal(text, strlen(text), scale, ret);
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

int quantity_parse_size(const char *text, uint64_t *ret_bytes)
{
	size_t digits = strspn(text, "0123456789.");
	uint64_t scale = size_of_unit(text + digits + (text[digits] == ' ')), bytes;
	int r = scale ? parse_decimal(text, digits, scale, &bytes) : -EINVAL;

	if (r == 0 && bytes > INT64_MAX)
		r = -ERANGE;
	if (r == 0)
		*ret_bytes = bytes;
	return r;
}

/* ---- signals ------------------------------------------------------------------------ */

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

int quantity_parse_signal(const char *text, int *ret)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int number = parse_realtime(name);
	uint64_t value;

	if (str_to_u64(text, 10, &value) == 0 && value <= REALTIME_LAST) {
		*ret = (int)value;
		return 0;
	}
	for (size_t i = 0; !number && i < ARRAY_SIZE(signal_names); i++)
		if (strcasecmp(name, signal_names[i].name) == 0)
			number = signal_names[i].number;
	if (!number)
		return -EINVAL;
	*ret = number;
	return 0;
}
