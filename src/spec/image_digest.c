/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_digest.h"
#include "base/cleanup.h"
#include "base/str.h"

/* The algorithms whose encoded part the specification fixes, and whether we can compute them. */
static const struct {
	char name[8];
	size_t digits;
	bool verifiable;
} registered[] = {
	{ "sha256", 64, true },
	{ "sha512", 128, true },
	{ "blake3", 64, false },
};

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Components of lower-case letters and digits with one of "+._-" between them; the length, or 0. */
static size_t scan_algorithm(const char *text)
{
	size_t length = 0;

	for (;;) {
		size_t start = length;

		while (is_lower_or_digit(text[length]))
			length++;
		if (length == start)
			return 0;
		if (text[length] == ':')
			return length;
		if (!text[length] || !strchr("+._-", text[length]))
			return 0;
		length++;
	}
}

static bool is_encoded(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_lower_or_digit(text[i]) && !(text[i] >= 'A' && text[i] <= 'Z') && !strchr("=_-", text[i]))
			return false;
	return length > 0;
}

/* The index of the algorithm in the table, or its size. */
static size_t find_algorithm(const char *text, size_t length)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(registered) && (strlen(registered[i].name) != length || memcmp(registered[i].name, text, length) != 0))
		i++;
	return i;
}

bool spec_digest_is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return !text[length];
}

bool spec_digest_is_valid(const char *text)
{
	size_t length = strnlen(text, SPEC_DIGEST_LIMIT + 1), algorithm, known;

	if (length > SPEC_DIGEST_LIMIT)
		return false;
	algorithm = scan_algorithm(text);
	if (algorithm == 0)
		return false;
	known = find_algorithm(text, algorithm);
	if (known < ARRAY_SIZE(registered))
		return spec_digest_is_hex(text + algorithm + 1, registered[known].digits);
	return is_encoded(text + algorithm + 1, length - algorithm - 1);
}

bool spec_digest_is_verifiable(const char *text)
{
	size_t known;

	if (!spec_digest_is_valid(text))
		return false;
	known = find_algorithm(text, spec_digest_algorithm_length(text));
	return known < ARRAY_SIZE(registered) && registered[known].verifiable;
}

const char *spec_digest_encoded(const char *digest)
{
	return strchr(digest, ':') + 1;
}

size_t spec_digest_algorithm_length(const char *digest)
{
	return strcspn(digest, ":");
}
