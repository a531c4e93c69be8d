/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/name_pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DEPTH 32 /* of groups */

/* What has been counted in a group so far: all of it but what came last, which may be repeated. */
struct group {
	size_t sum, last;
};

static size_t add(size_t a, size_t b)
{
	return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t multiply(size_t a, size_t b)
{
	return b && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

/* Behind the bracket expression at TEXT, or its end. */
static const char *skip_bracket(const char *text)
{
	text += text[1] == '^' ? 2 : 1;
	if (*text == ']')
		text++;
	for (; *text && *text != ']'; text++) {
		char kind = text[0] == '[' ? text[1] : '\0';

		/* "[:alpha:]", "[.x.]", "[=x=]" */
		if (kind != ':' && kind != '.' && kind != '=')
			continue;
		for (text += 2; *text && !(text[0] == kind && text[1] == ']'); text++)
			;
		if (!*text)
			return text;
		text++;
	}
	return *text ? text + 1 : text;
}

/* The larger number in the braces at TEXT, which is moved behind them; one more, if they are open to the right. */
static size_t take_bound(const char **text)
{
	size_t most = 1, number = 0;
	const char *at = *text + 1;
	bool is_open = false;

	for (; *at && *at != '}'; at++) {
		is_open = *at == ',';
		number = *at >= '0' && *at <= '9' ? add(multiply(number, 10), (size_t)(*at - '0')) : 0;
		most = number > most ? number : most;
	}
	*text = *at ? at + 1 : at;
	return is_open ? add(most, 1) : most;
}

static void begin_atom(struct group *group, size_t cost)
{
	group->sum = add(group->sum, group->last);
	group->last = cost;
}

/* One that has not begun is a character as others are. */
static void end_group(struct group *groups, struct group **group)
{
	size_t cost = 1;

	if (*group > groups) {
		cost = add(add((*group)->sum, (*group)->last), 1);
		--*group;
	}
	begin_atom(*group, cost);
}

size_t name_pattern_cost(const char *text)
{
	struct group groups[DEPTH] = { { 0, 0 } }, *group = groups;

	if (!strpbrk(text, "*+?{"))
		return 0;
	while (*text) {
		switch (*text) {
		case '\\':
			text++;
			begin_atom(group, 1);
			break;
		case '[':
			text = skip_bracket(text) - 1;
			begin_atom(group, 1);
			break;
		case '(':
			if (++group == groups + DEPTH)
				return SIZE_MAX;
			*group = (struct group){ 0, 0 };
			break;
		case ')':
			end_group(groups, &group);
			break;
		case '{':
			group->last = multiply(group->last, take_bound(&text));
			text--;
			break;
		case '*':
		case '+':
		case '?':
			group->last = multiply(group->last, 2);
			break;
		default:
			begin_atom(group, 1);
		}
		text += *text != '\0';
	}
	/* Groups that have no end: regcomp() says so. */
	return group > groups ? SIZE_MAX : add(group->sum, group->last);
}

int name_pattern_compile(const char *text, size_t *budget, regex_t *ret)
{
	size_t cost = name_pattern_cost(text);
	int r;

	if (cost != SIZE_MAX && cost > *budget)
		return -E2BIG;
	if (cost == SIZE_MAX)
		return -EINVAL;
	r = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
	if (r != 0)
		return r == REG_ESPACE ? -E2BIG : -EINVAL;
	*budget -= cost;
	return 0;
}
