/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_filter.h"
#include "engine/container_size.h"
#include "engine/containers.h"

/* A list that is being made. */
struct listing {
	const struct container_list_request *request;
	const struct container_filter *filter;
	struct arena *arena;
	struct container_entry *entries;
	size_t count, capacity;
};

static struct container_entry *add(struct listing *listing)
{
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 32;
		struct container_entry *larger = arena_alloc(listing->arena, capacity, sizeof *larger);

		if (listing->count)
			memcpy(larger, listing->entries, listing->count * sizeof *larger);
		listing->entries = larger;
		listing->capacity = capacity;
	}
	return &listing->entries[listing->count++];
}

static bool runs(const struct spec_container_state *state)
{
	return state->status != SPEC_CONTAINER_CREATED && state->status != SPEC_CONTAINER_EXITED && state->status != SPEC_CONTAINER_STARTING &&
	       state->status != SPEC_CONTAINER_REMOVING;
}

static int list_one(void *context, struct container_record *record, struct error *err _unused_)
{
	struct listing *listing = context;
	const struct container_list_request *request = listing->request;
	bool all = request->all || request->last > 0 || listing->filter->asks_status;
	struct container_entry *entry;

	if ((!all && !runs(record->state)) || !container_filter_passes(listing->filter, record->container, record->state))
		return 0;
	entry = add(listing);
	*entry = (struct container_entry){
		.container = record->container,
		.state = record->state,
		.created_s = container_time(record->container->created),
		.started_s = container_time(record->state->started),
		.finished_s = container_time(record->state->finished),
	};
	if (request->size)
		entry->has_size = container_size(record, &entry->size_rw, &entry->size_root) == 0;
	return 0;
}

/* RFC 3339 of one zone sorts as text, but for the zeros left out at its end. */
static int compare(const void *a, const void *b)
{
	const struct container_entry *one = a, *other = b;

	if (one->created_s != other->created_s)
		return one->created_s < other->created_s ? 1 : -1;
	return strcmp(other->container->created ? other->container->created : "", one->container->created ? one->container->created : "");
}

int container_list(struct arena *arena, const struct container_list_request *request, struct container_entry **ret, size_t *ret_count, struct error *err)
{
	_cleanup_container_filter_ struct container_filter filter = container_filter_begin(arena, request->directories);
	struct listing listing = { .request = request, .filter = &filter, .arena = arena };
	int r = 0;

	for (char **text = request->filters; r == 0 && text && *text; text++)
		r = container_filter_add(&filter, *text, err);
	if (r == 0)
		r = container_record_visit(arena, request->directories, list_one, &listing, err);
	if (r < 0)
		return r;
	if (listing.count)
		qsort(listing.entries, listing.count, sizeof *listing.entries, compare);
	*ret = listing.entries;
	*ret_count = request->last > 0 && (size_t)request->last < listing.count ? (size_t)request->last : listing.count;
	return 0;
}
