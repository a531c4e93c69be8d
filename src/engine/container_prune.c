/* SPDX-License-Identifier: Apache-2.0 */
/* All containers go that do not run, and those come back that should. */
#include "engine/container_filter.h"
#include "engine/container_removal.h"
#include "engine/container_size.h"
#include "engine/containers.h"
#include "engine/events.h"

/* ---- prune ----------------------------------------------------------------------------- */

/* Who needs others. */
struct needy {
	const char *id; /* NULL: gone by now */
	char **needs;
	struct needy *next;
};

struct prune {
	struct arena *arena;
	struct needy *needy;
	bool is_waiting; /* one stayed because it was needed */
	const struct directories *directories;
	const struct container_filter *filter;
	struct container_prune_report report;
	size_t count, capacity;
};

static void note(struct prune *prune, const char *id, uint64_t bytes)
{
	if (prune->count + 1 >= prune->capacity) {
		size_t capacity = prune->capacity * 2 + 32;
		char **larger = arena_alloc(prune->arena, capacity, sizeof *larger);

		if (prune->count)
			memcpy(larger, prune->report.ids, prune->count * sizeof *larger);
		prune->report.ids = larger;
		prune->capacity = capacity;
	}
	prune->report.ids[prune->count++] = arena_strdup(prune->arena, id);
	prune->report.freed_bytes += bytes;
}

/* Once for all, as each would else ask all others. */
static int note_needs(void *context, struct container_record *record, struct error *err _unused_)
{
	struct prune *prune = context;
	char **needs = container_removal_needs(prune->arena, record->container);
	struct needy *needy;

	if (!*needs)
		return 0;
	needy = arena_alloc(prune->arena, 1, sizeof *needy);
	*needy = (struct needy){ record->container->id, needs, prune->needy };
	prune->needy = needy;
	return 0;
}

static bool is_needed(const struct prune *prune, const char *id)
{
	for (const struct needy *needy = prune->needy; needy; needy = needy->next)
		if (needy->id && strv_contains(needy->needs, id))
			return true;
	return false;
}

static void forget_needs(struct prune *prune, const char *id)
{
	for (struct needy *needy = prune->needy; needy; needy = needy->next)
		if (str_equal(needy->id, id))
			needy->id = NULL;
}

/* What runs, or somebody is about to start, stays; one that has ended may still have its supervisor for a moment. */
static int prune_one(void *context, struct container_record *record, struct error *err)
{
	struct prune *prune = context;
	struct error told = ERROR_INIT;
	uint64_t bytes = 0;

	if ((record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED) || !container_filter_passes(prune->filter, record->container, record->state))
		return 0;
	if (is_needed(prune, record->container->id)) {
		prune->is_waiting = true;
		return 0;
	}
	if (container_disk_usage(record->path, &bytes) < 0)
		bytes = 0;
	if (container_remove(prune->directories, record->container->id, CONTAINER_REMOVE_ONE_OF_MANY, &told) == 0) {
		forget_needs(prune, record->container->id);
		note(prune, record->container->id, bytes);
		return 0;
	}
	if (told.kind == ERROR_CONFLICT || told.kind == ERROR_NOT_FOUND || told.kind == ERROR_BUSY)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

/* Those that others needed go after them. */
static int prune_all(struct prune *prune, struct error *err)
{
	size_t before;
	int r;

	do {
		before = prune->count;
		prune->is_waiting = false;
		r = container_record_visit(prune->arena, prune->directories, prune_one, prune, err);
	} while (r == 0 && prune->is_waiting && prune->count > before);
	return r;
}

static int add_filter(struct container_filter *filter, const char *text, struct error *err)
{
	if (str_starts_with(text, "until=") || str_starts_with(text, "label=") || str_starts_with(text, "label!="))
		return container_filter_add(filter, text, err);
	error_set(err, ERROR_INVALID, 0, "invalid filter '%s'", text);
	error_hint(err, "containers are pruned by label, label! and until");
	return -EINVAL;
}

int container_prune(struct arena *arena, const struct directories *directories, char *const *filters, struct container_prune_report *ret,
	struct error *err)
{
	_cleanup_container_filter_ struct container_filter filter = container_filter_begin(arena, directories);
	struct prune prune = { .arena = arena, .directories = directories, .filter = &filter };
	int r = 0;

	for (; r == 0 && filters && *filters; filters++)
		r = add_filter(&filter, *filters, err);
	if (r == 0)
		r = container_check(directories, true, NULL, NULL, err);
	if (r == 0)
		r = container_record_visit(arena, directories, note_needs, &prune, err);
	if (r == 0)
		r = prune_all(&prune, err);
	container_removal_sweep(directories);
	if (r < 0)
		return r;
	if (!prune.report.ids)
		prune.report.ids = arena_alloc(arena, 1, sizeof *prune.report.ids);
	events_add_prune(directories, "container", prune.report.freed_bytes);
	*ret = prune.report;
	return 0;
}

/* ---- after a boot ------------------------------------------------------------------------ */

struct restore {
	const struct directories *directories;
	void (*warn)(void *context, const char *text);
	void *context;
	int64_t failed;
};

/* Docker's rules when its daemon comes up: what a person has stopped stays so only with "unless-stopped". */
static bool should_start(const struct spec_container *container, const struct spec_container_state *state)
{
	const char *policy = container->host.restart_policy;
	bool has_run = state->started || state->should_run;

	if (str_equal(policy, "always"))
		return has_run;
	if (str_equal(policy, "unless-stopped"))
		return has_run && !state->manually_stopped;
	return str_equal(policy, "on-failure") && state->should_run;
}

static int restore_one(void *context, struct container_record *record, struct error *err _unused_)
{
	struct restore *restore = context;
	const struct container_start_request request = { .directories = restore->directories, .container = record->container->id, .restarted = true };
	struct container_start_report report;
	struct error told = ERROR_INIT;

	/* Those that others need may be up by now. */
	if (container_record_refresh(record, NULL) < 0 || record->is_supervised || !should_start(record->container, record->state) ||
	    container_start(&request, &report, &told) == 0)
		return 0;
	restore->failed++;
	if (restore->warn)
		restore->warn(restore->context, told.message);
	return 0;
}

int container_start_all(const struct directories *directories, void (*warn)(void *context, const char *text), void *context, int64_t *ret_failed,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct restore restore = { directories, warn, context, 0 };
	/* What the host's end left is told of by nobody: it is no fault. */
	int r = container_check(directories, true, NULL, NULL, err);

	if (r == 0)
		r = container_record_visit(arena, directories, restore_one, &restore, err);
	if (r == 0)
		*ret_failed = restore.failed;
	return r;
}
