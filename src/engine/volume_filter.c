/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_filter.h"
#include "base/moment.h"
#include "base/options.h"
#include "spec/config.h"

enum term_kind { TERM_ALL, TERM_DANGLING, TERM_DRIVER, TERM_LABEL, TERM_NO_LABEL, TERM_NAME, TERM_OPTION, TERM_SCOPE, TERM_UNTIL, TERM_KINDS };

static const struct {
	const char *word;
	bool for_list, for_prune;
} kinds[TERM_KINDS] = {
	[TERM_ALL] = { "all", false, true },
	[TERM_DANGLING] = { "dangling", true, false },
	[TERM_DRIVER] = { "driver", true, false },
	[TERM_LABEL] = { "label", true, true },
	[TERM_NO_LABEL] = { "label!", true, true },
	[TERM_NAME] = { "name", true, false },
	[TERM_OPTION] = { "opt", true, false },
	[TERM_SCOPE] = { "scope", true, false },
	[TERM_UNTIL] = { "until", true, true },
};

struct volume_term {
	enum term_kind kind;
	const char *value;
	bool truth;             /* all, dangling */
	struct timespec moment; /* until */
	struct volume_term *next;
};

/* ---- reading ------------------------------------------------------------------------- */

static int refuse_value(const struct volume_term *term, const char *expected, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "invalid filter '%s=%.200s': expected %s", kinds[term->kind].word, term->value, expected);
}

static int read_truth(struct volume_term *term, struct error *err)
{
	term->truth = str_equal(term->value, "true") || str_equal(term->value, "1");
	if (!term->truth && !str_equal(term->value, "false") && !str_equal(term->value, "0"))
		return refuse_value(term, "true or false", err);
	return 0;
}

static int read_moment(struct volume_term *term, struct error *err)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return moment_parse_limit(term->value, &now, &term->moment) < 0 ? refuse_value(term, "a time, or an age such as 24h", err) : 0;
}

static int refuse_name(const char *text, const char *name, bool for_prune, struct error *err)
{
	const char *words[TERM_KINDS], *nearest;
	size_t count = 0;

	for (size_t i = 0; i < TERM_KINDS; i++)
		if (for_prune ? kinds[i].for_prune : kinds[i].for_list)
			words[count++] = kinds[i].word;
	error_set(err, ERROR_INVALID, 0, "invalid filter '%.200s'", text);
	nearest = options_nearest(name, words, count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, for_prune ? "volumes are pruned by all, label, label! and until"
					  : "filters are dangling, driver, label, label!, name, opt, scope and until");
	return -EINVAL;
}

int volume_filter_add(struct volume_filter *filter, struct arena *arena, const char *text, bool for_prune, struct error *err)
{
	const char *equals = strchr(text, '=');
	const char *name = equals ? arena_strndup(arena, text, (size_t)(equals - text)) : text;
	struct volume_term *term = arena_alloc(arena, 1, sizeof *term);
	size_t kind = 0;
	int r = 0;

	while (kind < TERM_KINDS && !(str_equal(kinds[kind].word, name) && (for_prune ? kinds[kind].for_prune : kinds[kind].for_list)))
		kind++;
	if (!equals || kind == TERM_KINDS)
		return refuse_name(text, name, for_prune, err);
	*term = (struct volume_term){ .kind = (enum term_kind)kind, .value = arena_strdup(arena, equals + 1), .next = filter->terms };
	if (kind == TERM_ALL || kind == TERM_DANGLING)
		r = read_truth(term, err);
	else if (kind == TERM_UNTIL)
		r = read_moment(term, err);
	if (r < 0)
		return r;
	filter->all |= kind == TERM_ALL && term->truth;
	filter->asks_for_users |= kind == TERM_DANGLING;
	filter->terms = term;
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------- */

/* "KEY", or "KEY=VALUE". */
static bool has_pair(const struct spec_pair *pairs, size_t count, const char *text)
{
	size_t length = strcspn(text, "=");

	for (size_t i = 0; i < count; i++)
		if (strlen(pairs[i].key) == length && strncmp(pairs[i].key, text, length) == 0 &&
		    (!text[length] || str_equal(pairs[i].value, text + length + 1)))
			return true;
	return false;
}

static bool was_made_before(const struct spec_volume *volume, const struct timespec *moment)
{
	struct timespec created;

	return volume->created && moment_parse(volume->created, &created) == 0 && created.tv_sec <= moment->tv_sec;
}

static bool matches(const struct volume_term *term, const struct spec_volume *volume, bool is_used)
{
	switch (term->kind) {
	case TERM_DANGLING:
		return term->truth == !is_used;
	case TERM_DRIVER:
		return str_equal(volume->driver, term->value);
	case TERM_LABEL:
		return has_pair(volume->labels, volume->label_count, term->value);
	case TERM_NO_LABEL:
		return !has_pair(volume->labels, volume->label_count, term->value);
	case TERM_NAME:
		return strstr(volume->name, term->value) != NULL;
	case TERM_OPTION:
		return has_pair(volume->options, volume->option_count, term->value);
	case TERM_SCOPE:
		return str_equal(term->value, "local");
	case TERM_UNTIL:
		return was_made_before(volume, &term->moment);
	case TERM_ALL:
	case TERM_KINDS:
		break;
	}
	return true;
}

static bool asks_for_all(enum term_kind kind)
{
	return kind == TERM_LABEL || kind == TERM_NO_LABEL || kind == TERM_UNTIL;
}

bool volume_filter_passes(const struct volume_filter *filter, const struct spec_volume *volume, bool is_used)
{
	bool asked[TERM_KINDS] = { false }, met[TERM_KINDS] = { false };

	for (const struct volume_term *term = filter->terms; term; term = term->next) {
		bool is = matches(term, volume, is_used);

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
