/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_ports.h"

#include "base/str.h"

#include <strings.h>

#define PORT_LIMIT 65536 /* of one instruction */

struct range {
	uint64_t first, last;
	const char *protocol;
};

static int fail(const struct instruction_context *c, const char *word, const char *problem)
{
	return instruction_fail(c, word, "%s in the port '%s'", problem, word);
}

static int read_number(const char *text, size_t length, uint64_t *ret)
{
	char digits[8];

	if (!length || length >= sizeof(digits) || strspn(text, "0123456789") < length)
		return -EINVAL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (str_to_u64(digits, 10, ret) < 0 || *ret > 65535)
		return -EINVAL;
	return 0;
}

static int read_protocol(const struct instruction_context *c, const char *word, const char *text, const char **ret)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };

	*ret = "tcp";
	if (!*text)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcasecmp(text, protocols[i]) == 0) {
			*ret = protocols[i];
			return 0;
		}
	ignore_result(fail(c, word, "an unknown protocol"));
	if (!instruction_hint_nearest(c, text, protocols, ARRAY_SIZE(protocols)))
		error_hint(c->err, "there are tcp, udp and sctp");
	return -EINVAL;
}

static int read_range(const struct instruction_context *c, const char *word, struct range *ret)
{
	const char *colon = strrchr(word, ':'), *text = colon ? colon + 1 : word;
	size_t length = strcspn(text, "/"), first = strcspn(text, "-/");
	int r = read_protocol(c, word, text[length] ? text + length + 1 : "", &ret->protocol);

	if (r < 0)
		return r;
	/* Addresses and ports of the host, of which nothing comes: "127.0.0.1:80:80", "[::1]:8000-8010:80". */
	if (colon && strspn(word, "0123456789abcdefABCDEF.:[]-") < (size_t)(colon - word))
		return fail(c, word, "no address");
	if (read_number(text, first, &ret->first) < 0)
		return fail(c, word, "no number from 0 to 65535");
	ret->last = ret->first;
	if (first < length && read_number(text + first + 1, length - first - 1, &ret->last) < 0)
		return fail(c, word, "no number from 0 to 65535");
	if (ret->last < ret->first)
		return fail(c, word, "a range that ends before it begins");
	return 0;
}

int instruction_ports_read(const struct instruction_context *c, char *const *words, char ***ret)
{
	size_t count = 0, total = 0, words_count = 0;
	struct range *ranges;
	char **ports;

	while (words[words_count])
		words_count++;
	ranges = arena_alloc(c->arena, words_count + 1, sizeof(*ranges));
	for (size_t i = 0; i < words_count; i++) {
		int r = read_range(c, words[i], &ranges[i]);

		if (r < 0)
			return r;
		total += ranges[i].last - ranges[i].first + 1;
		if (total > PORT_LIMIT)
			return instruction_fail(c, words[i], "more than %d ports", PORT_LIMIT);
	}
	ports = arena_alloc(c->arena, total + 1, sizeof(*ports));
	for (size_t i = 0; i < words_count; i++)
		for (uint64_t port = ranges[i].first; port <= ranges[i].last; port++)
			ports[count++] = arena_printf(c->arena, "%u/%s", (unsigned)port, ranges[i].protocol);
	*ret = ports;
	return 0;
}
