/* SPDX-License-Identifier: Apache-2.0 */
/* What of the build cache a user means. */
#include "base/moment.h"
#include "engine/build_entries.h"

#include <time.h>

static bool is_true(const char *value)
{
	return str_equal(value, "true") || str_equal(value, "1") || !*value;
}

/* Whether FILTER's name, of LENGTH bytes, is NAME. */
static bool is_named(const char *filter, size_t length, const char *name)
{
	return strlen(name) == length && strncmp(filter, name, length) == 0;
}

/* What is or is not: 1, 0; or -ENOENT: there is none called so. */
static int passes_state(const struct build_cache_entry *entry, const char *filter, size_t length, bool wanted)
{
	const struct {
		const char *name;
		bool is;
	} states[] = { { "inuse", entry->in_use }, { "shared", entry->shared }, { "private", !entry->shared }, { "mutable", entry->is_mutable },
		{ "immutable", !entry->is_mutable } };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (is_named(filter, length, states[i].name))
			return states[i].is == wanted;
	return -ENOENT;
}

/* Whether ENTRY is as "NAME=VALUE" says: 1, 0 or a negative errno. */
static int passes(const struct build_cache_entry *entry, const char *filter, const struct timespec *now, struct error *err)
{
	const char *value = strchr(filter, '=');
	size_t length = value ? (size_t)(value - filter) : strlen(filter);
	struct timespec limit;
	int r;

	value = value ? value + 1 : "";
	if (is_named(filter, length, "until") || is_named(filter, length, "unused-for")) {
		if (moment_parse_limit(value, now, &limit) < 0)
			return error_set(err, ERROR_INVALID, 0, "invalid filter '%.200s': expected a length of time, such as 24h, or a moment", filter);
		return entry->used_s < limit.tv_sec;
	}
	if (is_named(filter, length, "id"))
		return str_starts_with(entry->id, value);
	if (is_named(filter, length, "type"))
		return str_equal(entry->kind, value);
	if (is_named(filter, length, "description"))
		return strstr(entry->description, value) != NULL;
	r = passes_state(entry, filter, length, is_true(value));
	if (r != -ENOENT)
		return r;
	error_set(err, ERROR_INVALID, 0, "invalid filter '%.200s'", filter);
	error_hint(err, "there are description, id, immutable, inuse, mutable, private, shared, type, until and unused-for");
	return -EINVAL;
}

/* So that a filter that is none is an error without entries, too. */
static int check(char *const *filters, const struct timespec *now, struct error *err)
{
	const struct build_cache_entry any = { .id = "", .kind = "", .description = "" };
	int r = 0;

	for (; r >= 0 && filters && *filters; filters++)
		r = passes(&any, *filters, now, err);
	return r < 0 ? r : 0;
}

int build_entries_filter(struct build_entries *entries, char *const *filters, struct error *err)
{
	struct timespec now;
	size_t kept = 0;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	r = check(filters, &now, err);
	for (size_t i = 0; r >= 0 && i < entries->count; i++) {
		r = 1;
		for (char *const *filter = filters; r == 1 && filter && *filter; filter++)
			r = passes(&entries->list[i].shown, *filter, &now, err);
		if (r == 1)
			entries->list[kept++] = entries->list[i];
	}
	if (r < 0)
		return r;
	entries->count = kept;
	return 0;
}
