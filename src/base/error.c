/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/printable.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

enum error_kind error_kind_of_errno(int code)
{
	switch (code) {
	case ENOENT:
	case ESRCH:
		return ERROR_NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY:
		return ERROR_CONFLICT;
	case EINVAL:
	case E2BIG:
	case ENAMETOOLONG:
	case ENOTDIR:
	case ELOOP:
	case ERANGE:
		return ERROR_INVALID;
	case EPERM:
	case EACCES:
	case EROFS:
		return ERROR_DENIED;
	case ENOSYS:
	case EOPNOTSUPP:
		return ERROR_UNSUPPORTED;
	case EBUSY:
		return ERROR_BUSY;
	case EAGAIN:
	case ETIMEDOUT:
	case ENOSPC:
		return ERROR_UNAVAILABLE;
	default:
		return ERROR_INTERNAL;
	}
}

/* bivy-transfer has threads; the programs that are made with musl have one, and use this before it is ready for more. */
#ifdef __GLIBC__
#define OF_THREAD __thread
#else
#define OF_THREAD
#endif

const char *error_words(int code)
{
	static OF_THREAD char words[128];
	size_t i = 0;
	const char *text = strerror(code);

	for (; text[i] && i + 1 < sizeof words; i++)
		words[i] = text[i];
	words[i] = '\0';
	/* "No such file" becomes "no such file", while "RPC …" stays. */
	if (i > 1 && islower((unsigned char)words[1]))
		words[0] = (char)tolower((unsigned char)words[0]);
	return words;
}

static void make_printable(char *text)
{
	printable_replace(text, strlen(text), "", '?');
}

static int fill(struct error *err, enum error_kind kind, int code, const char *format, va_list args)
{
	int result = code ? -code : -EINVAL;
	size_t used;

	if (!err)
		return result;
	err->kind = kind;
	err->code = code;
	err->exit_status = 0;
	err->hint[0] = '\0';
	vsnprintf(err->message, sizeof err->message, format, args);
	used = strlen(err->message);
	if (code && used < sizeof err->message)
		snprintf(err->message + used, sizeof err->message - used, ": %s", error_words(code));
	make_printable(err->message);
	return result;
}

int error_set(struct error *err, enum error_kind kind, int code, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = fill(err, kind, code, format, args);
	va_end(args);
	return result;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = fill(err, error_kind_of_errno(code), code, format, args);
	va_end(args);
	return result;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char tail[sizeof err->message];
	va_list args;
	size_t used;

	if (!err)
		return -EINVAL;
	memcpy(tail, err->message, sizeof tail);
	va_start(args, format);
	vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof err->message - used, ": %s", tail);
	make_printable(err->message);
	return err->code ? -err->code : -EINVAL;
}

void error_hint(struct error *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, format);
	vsnprintf(err->hint, sizeof err->hint, format, args);
	va_end(args);
	make_printable(err->hint);
}

static const char *const kind_words[] = {
	[ERROR_NONE] = "none",
	[ERROR_NOT_FOUND] = "not-found",
	[ERROR_CONFLICT] = "conflict",
	[ERROR_INVALID] = "invalid",
	[ERROR_DENIED] = "denied",
	[ERROR_UNSUPPORTED] = "unsupported",
	[ERROR_BUSY] = "busy",
	[ERROR_UNAVAILABLE] = "unavailable",
	[ERROR_INTERNAL] = "internal",
};

const char *error_kind_word(enum error_kind kind)
{
	return kind_words[kind];
}

enum error_kind error_kind_of_word(const char *word)
{
	for (size_t i = ERROR_NOT_FOUND; word && i < ARRAY_SIZE(kind_words); i++)
		if (strcmp(kind_words[i], word) == 0)
			return (enum error_kind)i;
	return ERROR_INTERNAL;
}

void error_restore(struct error *ret, const char *kind, int code, const char *message, const char *hint)
{
	error_set(ret, error_kind_of_word(kind), 0, "%s", message);
	ret->code = code > 0 ? code : 0;
	if (hint)
		error_hint(ret, "%s", hint);
}
