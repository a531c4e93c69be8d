/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_mode.h"

#include "base/str.h"

#include <sys/stat.h>

/* "ugoa" before the operator, as bits of all that these may have. */
static mode_t read_who(const char **text)
{
	mode_t who = 0;

	for (;; (*text)++) {
		switch (**text) {
		case 'u':
			who |= S_ISUID | S_IRWXU;
			break;
		case 'g':
			who |= S_ISGID | S_IRWXG;
			break;
		case 'o':
			who |= S_IRWXO;
			break;
		case 'a':
			who |= 07777;
			break;
		default:
			/* Nobody in particular is everybody; there is no umask. */
			return who ? who | S_ISVTX : 07777;
		}
	}
}

/* Bits of one class for all three. */
static mode_t spread(mode_t bits)
{
	return bits << 6 | bits << 3 | bits;
}

/* "rwxXst" or one of "ugo" behind the operator. */
static mode_t read_permissions(const char **text, mode_t mode)
{
	mode_t bits = 0;

	for (;; (*text)++) {
		switch (**text) {
		case 'r':
			bits |= 0444;
			break;
		case 'w':
			bits |= 0222;
			break;
		case 'x':
			bits |= 0111;
			break;
		case 'X':
			bits |= S_ISDIR(mode) || (mode & 0111) ? 0111 : 0;
			break;
		case 's':
			bits |= S_ISUID | S_ISGID;
			break;
		case 't':
			bits |= S_ISVTX;
			break;
		case 'u':
			bits |= spread(mode >> 6 & 7);
			break;
		case 'g':
			bits |= spread(mode >> 3 & 7);
			break;
		case 'o':
			bits |= spread(mode & 7);
			break;
		default:
			return bits;
		}
	}
}

/* One "u+rw-x" with its who; false if it is none. */
static bool apply_clause(const char **text, mode_t *mode)
{
	mode_t who = read_who(text);

	if (!**text || !strchr("+-=", **text))
		return false;
	while (**text && strchr("+-=", **text)) {
		char operator = *(*text)++;
		mode_t bits = read_permissions(text, *mode) & who;

		/* The sticky bit is everybody's: "=" of one class leaves it. */
		if (operator == '=')
			*mode = (*mode & ~(who & ~(mode_t)(who == 07777 ? 0 : S_ISVTX))) | bits;
		else
			*mode = operator == '+' ? *mode | bits : *mode & ~bits;
	}
	return true;
}

int build_mode_apply(const char *text, mode_t mode, mode_t *ret, struct error *err)
{
	const char *at = text;
	uint64_t octal = 0;

	if (*text >= '0' && *text <= '7' && str_to_u64(text, 8, &octal) == 0 && octal <= 07777) {
		*ret = (mode_t)octal;
		return 0;
	}
	for (;; at++) {
		if (!apply_clause(&at, &mode))
			break;
		if (!*at) {
			*ret = mode & 07777;
			return 0;
		}
		if (*at != ',')
			break;
	}
	error_set(err, ERROR_INVALID, 0, "'%.100s' is no mode", text);
	error_hint(err, "0755, or words of chmod: u=rwX,go=rX");
	return -EINVAL;
}
