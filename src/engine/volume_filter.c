/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_filter.h"
#include "base/moment.h"
#include "engine/filter_name.h"
#include "engine/filter_value.h"

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

static int read_moment(struct volume_term *term, struct error *err)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return moment_parse_limit(term->value, &now, &term->moment) < 0 ? refuse_value(term, "a time, or an age such as 24h", err) : 0;
}

/* Which of the filters for that NAME=VALUE is. */
static int find_kind(const char *text, bool for_prune, enum term_kind *ret_kind, const char **ret_value, struct error *err)
{
	const char *words[TERM_KINDS], *hint = for_prune ? "volumes are pruned by all, label, label! and until"
							 : "filters of volumes are dangling, driver, label, label!, name, opt, scope and until";
	enum term_kind offered[TERM_KINDS];
	size_t count = 0, which = 0;
	int r;

	for (size_t i = 0; i < TERM_KINDS; i++) {
		if (for_prune ? kinds[i].for_prune : kinds[i].for_list) {
			words[count] = kinds[i].word;
			offered[count++] = (enum term_kind)i;
		}
	}
	r = filter_name_find(text, words, count, hint, &which, ret_value, err);
	if (r == 0)
		*ret_kind = offered[which];
	return r;
}

int volume_filter_add(struct volume_filter *filter, struct arena *arena, const char *text, bool for_prune, struct error *err)
{
	struct volume_term *term = arena_alloc(arena, 1, sizeof *term);
	enum term_kind kind = TERM_ALL;
	const char *value = NULL;
	int r = find_kind(text, for_prune, &kind, &value, err);

	if (r < 0)
		return r;
	*term = (struct volume_term){ .kind = kind, .value = arena_strdup(arena, value), .next = filter->terms };
	if (kind == TERM_ALL || kind == TERM_DANGLING)
		r = filter_value_read_truth(kinds[kind].word, value, &term->truth, err);
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
		return filter_value_is_among(term->value, volume->labels, volume->label_count);
	case TERM_NO_LABEL:
		return !filter_value_is_among(term->value, volume->labels, volume->label_count);
	case TERM_NAME:
		return strstr(volume->name, term->value) != NULL;
	case TERM_OPTION:
		return filter_value_is_among(term->value, volume->options, volume->option_count);
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
