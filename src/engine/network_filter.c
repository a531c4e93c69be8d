/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_filter.h"
#include "base/moment.h"
#include "engine/filter_name.h"
#include "engine/filter_value.h"
#include "engine/name_pattern.h"
#include "engine/networks.h"

enum term_kind { TERM_DANGLING, TERM_DRIVER, TERM_ID, TERM_LABEL, TERM_NO_LABEL, TERM_NAME, TERM_SCOPE, TERM_TYPE, TERM_UNTIL, TERM_KINDS };

static const char *const kind_words[TERM_KINDS] = {
	[TERM_DANGLING] = "dangling",
	[TERM_DRIVER] = "driver",
	[TERM_ID] = "id",
	[TERM_LABEL] = "label",
	[TERM_NO_LABEL] = "label!",
	[TERM_NAME] = "name",
	[TERM_SCOPE] = "scope",
	[TERM_TYPE] = "type",
	[TERM_UNTIL] = "until",
};

struct network_term {
	enum term_kind kind;
	const char *value;
	regex_t *pattern;       /* of name */
	bool is_true;           /* of dangling */
	struct timespec moment; /* of until */
	struct network_term *next;
};

struct network_filter network_filter_begin(struct arena *arena)
{
	return (struct network_filter){ .arena = arena, .now = time(NULL), .pattern_budget = NAME_PATTERN_BUDGET };
}

void network_filter_done(struct network_filter *filter)
{
	for (struct network_term *term = filter->terms; term; term = term->next)
		if (term->pattern)
			regfree(term->pattern);
	filter->terms = NULL;
}

/* ---- reading ------------------------------------------------------------------------- */

static int refuse_value(const struct network_term *term, const char *expected, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "invalid filter '%s=%s': expected %s", kind_words[term->kind], term->value, expected);
}

static int read_pattern(struct network_filter *filter, struct network_term *term, struct error *err)
{
	int r;

	term->pattern = arena_alloc(filter->arena, 1, sizeof *term->pattern);
	r = name_pattern_compile(term->value, &filter->pattern_budget, term->pattern);
	if (r == 0)
		return 0;
	term->pattern = NULL;
	return refuse_value(term, r == -E2BIG ? "a regular expression with fewer repetitions" : "a regular expression", err);
}

static int read_value(struct network_filter *filter, struct network_term *term, struct error *err)
{
	switch (term->kind) {
	case TERM_DANGLING:
		filter->asks_users = true;
		return filter_value_read_truth(kind_words[term->kind], term->value, &term->is_true, err);
	case TERM_NAME:
		return read_pattern(filter, term, err);
	case TERM_SCOPE:
		return str_equal(term->value, "local") || str_equal(term->value, "global") || str_equal(term->value, "swarm")
			       ? 0 : refuse_value(term, "local, global or swarm", err);
	case TERM_TYPE:
		return str_equal(term->value, "custom") || str_equal(term->value, "builtin") ? 0 : refuse_value(term, "custom or builtin", err);
	case TERM_UNTIL:
		if (moment_parse_limit(term->value, &(struct timespec){ .tv_sec = filter->now }, &term->moment) < 0)
			return refuse_value(term, "a time such as 2024-05-07T12:34:56 or an age such as 24h", err);
		return 0;
	default:
		return 0;
	}
}

int network_filter_add(struct network_filter *filter, const char *text, struct error *err)
{
	static const char hint[] = "filters of networks are dangling, driver, id, label, label!, name, scope, type and until";
	struct network_term *term = arena_alloc(filter->arena, 1, sizeof *term);
	const char *value = NULL;
	size_t kind = 0;
	int r = filter_name_find(text, kind_words, TERM_KINDS, hint, &kind, &value, err);

	if (r < 0)
		return r;
	*term = (struct network_term){ .kind = (enum term_kind)kind, .value = arena_strdup(filter->arena, value), .next = filter->terms };
	filter->terms = term;
	return read_value(filter, term, err);
}

/* ---- matching ------------------------------------------------------------------------------ */

static bool is_older(const struct spec_network *network, const struct timespec *moment)
{
	struct timespec created;

	if (!network->created || moment_parse(network->created, &created) < 0)
		return true;
	return created.tv_sec != moment->tv_sec ? created.tv_sec < moment->tv_sec : created.tv_nsec <= moment->tv_nsec;
}

static bool matches(const struct network_term *term, const struct spec_network *network, bool is_used)
{
	bool is_builtin = network_is_predefined(network);

	switch (term->kind) {
	case TERM_DANGLING:
		return (!is_used && !is_builtin) == term->is_true;
	case TERM_DRIVER:
		return str_equal(network->driver, term->value);
	case TERM_ID:
		return str_starts_with(network->id, term->value);
	case TERM_LABEL:
		return filter_value_is_among(term->value, network->labels, network->label_count);
	case TERM_NO_LABEL:
		return !filter_value_is_among(term->value, network->labels, network->label_count);
	case TERM_NAME:
		return regexec(term->pattern, network->name, 0, NULL, 0) == 0;
	case TERM_SCOPE:
		return str_equal(term->value, "local");
	case TERM_TYPE:
		return str_equal(term->value, "builtin") == is_builtin;
	case TERM_UNTIL:
		return is_older(network, &term->moment);
	case TERM_KINDS:
		break;
	}
	return false;
}

static bool asks_for_all(enum term_kind kind)
{
	return kind == TERM_LABEL || kind == TERM_NO_LABEL || kind == TERM_UNTIL;
}

bool network_filter_passes(const struct network_filter *filter, const struct spec_network *network, bool is_used)
{
	bool asked[TERM_KINDS] = { false }, met[TERM_KINDS] = { false };

	for (const struct network_term *term = filter->terms; term; term = term->next) {
		bool is = matches(term, network, is_used);

		if (!is && asks_for_all(term->kind))
			return false;
		asked[term->kind] = true;
		met[term->kind] |= is;
	}
	for (size_t i = 0; i < TERM_KINDS; i++)
		if (asked[i] && !met[i])
			return false;
	return true;
}
