/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_line.h"

#include <stdbool.h>
#include <string.h>

/* What is not read yet. */
struct rest {
	const char *bytes;
	size_t length;
};

static bool take(struct rest *rest, char *ret)
{
	if (rest->length == 0)
		return false;
	*ret = *rest->bytes++;
	rest->length--;
	return true;
}

/* Words of letters alone; the standard allows more, which nobody uses. False: the end was reached. */
static bool take_method(struct rest *rest, const char **fault)
{
	size_t length = 0;
	char c;

	while (take(rest, &c)) {
		if (c == ' ' && length > 0)
			return true;
		if (c < 'A' || c > 'Z' || ++length > SPEC_HTTP_METHOD_LIMIT) {
			*fault = "the request does not begin with a method";
			return false;
		}
	}
	return false;
}

static bool take_target(struct rest *rest, const char **fault)
{
	bool is_first = true;
	char c;

	while (take(rest, &c)) {
		bool is_start = c == '/' || c == '*' || c == 'h' || c == 'H';

		if (c == ' ' && !is_first)
			return true;
		if (c <= ' ' || c > '~' || (is_first && !is_start)) {
			*fault = "the request's target is no path";
			return false;
		}
		is_first = false;
	}
	return false;
}

/* "HTTP/1.1" and the line's end; '#' is a digit. */
static void take_version(struct rest *rest, const char **fault)
{
	static const char pattern[] = "HTTP/#.#";
	size_t at = 0;
	char c;

	while (take(rest, &c)) {
		bool is_end = c == '\n' || c == '\r';

		if (at == strlen(pattern) && is_end)
			return;
		if (at == strlen(pattern) || (pattern[at] == '#' ? c < '0' || c > '9' : c != pattern[at])) {
			*fault = "the request's version is not HTTP/1.1";
			return;
		}
		at++;
	}
}

const char *spec_http_line_judge(const char *bytes, size_t length)
{
	struct rest rest = { bytes, length };
	const char *fault = NULL;

	/* An empty line before it is to be passed over. */
	while (rest.length > 0 && (*rest.bytes == '\r' || *rest.bytes == '\n')) {
		rest.bytes++;
		rest.length--;
	}
	if (take_method(&rest, &fault) && take_target(&rest, &fault))
		take_version(&rest, &fault);
	return fault;
}
