/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/net_limit.h"
#include "base/quantity.h"
#include "base/str.h"

#include <strings.h>

#define LEAST_BPS 8000 /* below, packets of usual size wait for seconds */
#define PRIORITY_LIMIT 7

static const struct {
	const char *name;
	uint64_t scale;
} units[] = {
	{ "", 1 },
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "mbit", 1000000 },
	{ "gbit", 1000000000 },
	{ "bps", 8 },
	{ "kbps", 8000 },
	{ "mbps", 8000000 },
	{ "gbps", 8000000000 },
};

static bool is_none(const char *text)
{
	return strcasecmp(text, "none") == 0;
}

static int parse_number(const char *text, uint64_t *ret, struct error *err)
{
	size_t length = strspn(text, "0123456789.");
	_cleanup_free_ char *number = str_printf("%.*s", (int)length, text);
	int r = -EINVAL;

	for (size_t i = 0; r == -EINVAL && i < ARRAY_SIZE(units); i++)
		if (strcasecmp(units[i].name, text + length) == 0)
			r = quantity_parse_decimal(number, units[i].scale, ret);
	if (r < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a rate such as 10mbit or 1.5mbps, not '%.100s'", text);
	if (*ret < LEAST_BPS)
		return error_set(err, ERROR_INVALID, 0, "the rate '%.100s' is less than %d bits per second", text, LEAST_BPS);
	return 0;
}

static int parse_rate(const char *text, uint64_t *ret, struct error *err)
{
	if (!is_none(text))
		return parse_number(text, ret, err);
	*ret = 0;
	return 0;
}

static int parse_priority(const char *text, uint32_t *ret, struct error *err)
{
	uint64_t number;

	if (is_none(text)) {
		*ret = 0;
		return 0;
	}
	if (str_to_u64(text, 10, &number) < 0 || number < 1 || number > PRIORITY_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "expected a priority from 1 (last) to %d (first), not '%.100s'", PRIORITY_LIMIT, text);
	*ret = (uint32_t)number;
	return 0;
}

static int parse_word(const char *word, struct spec_net_limit *limit, struct error *err)
{
	int r;

	if (str_starts_with(word, "down="))
		return parse_rate(word + strlen("down="), &limit->down_bps, err);
	if (str_starts_with(word, "up="))
		return parse_rate(word + strlen("up="), &limit->up_bps, err);
	if (str_starts_with(word, "priority="))
		return parse_priority(word + strlen("priority="), &limit->priority, err);
	if (strchr(word, '='))
		return error_set(err, ERROR_INVALID, 0, "expected down=RATE, up=RATE or priority=N, not '%.100s'", word);
	r = parse_rate(word, &limit->down_bps, err);
	limit->up_bps = limit->down_bps;
	return r;
}

int spec_net_limit_parse(const char *text, struct spec_net_limit *ret, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	struct spec_net_limit limit = { .priority = 0 };
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		int r = parse_word(word, &limit, err);

		if (r < 0)
			return r;
	}
	*ret = limit;
	return 0;
}
