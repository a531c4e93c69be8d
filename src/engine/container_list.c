/* SPDX-License-Identifier: Apache-2.0 */
#include "base/moment.h"
#include "engine/container_filter.h"
#include "engine/container_network.h"
#include "engine/container_size.h"
#include "engine/containers.h"
#include "engine/networks.h"

/* A list that is being made: what is shown of a container, and what decides its place. */
struct place {
	struct timespec created;
	const char *shown;
};

struct list {
	const struct container_list_request *request;
	const struct container_filter *filter;
	struct place *places;
	size_t count, capacity;
	bool has_members; /* some of them are in networks now */
};

static bool runs(const struct spec_container_state *state)
{
	return state->status != SPEC_CONTAINER_CREATED && state->status != SPEC_CONTAINER_EXITED && state->status != SPEC_CONTAINER_STARTING &&
	       state->status != SPEC_CONTAINER_REMOVING;
}

static void add(struct list *list, const struct spec_container *container, const char *shown)
{
	struct place *place;

	if (list->count == list->capacity) {
		list->capacity = list->capacity * 2 + 32;
		list->places = memory_resize(list->places, list->capacity, sizeof *list->places);
	}
	place = &list->places[list->count++];
	*place = (struct place){ .shown = shown };
	if (moment_parse(container->created ? container->created : "", &place->created) < 0)
		place->created = (struct timespec){ .tv_sec = 0 };
}

/* Of one that publishes none no further document is read; a plan that cannot be read is `system check`'s to tell. */
static void add_ports(const struct container_record *record, struct container_entry *entry)
{
	const struct spec_host_config *host = &record->container->host;
	const struct spec_network_plan *plan = NULL;

	if (!record->is_supervised || (!host->port_count && !host->publish_all) ||
	    container_network_read(record->arena, record, &plan, NULL) < 0 || !plan)
		return;
	entry->ports = plan->ports;
	entry->port_count = plan->port_count;
}

static int list_one(void *context, struct container_record *record, struct error *err)
{
	struct list *list = context;
	const struct container_list_request *request = list->request;
	bool all = request->all || request->last > 0 || list->filter->asks_status;
	struct container_entry entry;
	const char *shown = NULL;
	int r;

	list->has_members |= record->is_supervised && record->container->host.endpoint_count > 0;
	if ((!all && !runs(record->state)) || !container_filter_passes(list->filter, record->container, record->state))
		return 0;
	entry = (struct container_entry){
		.record = record,
		.container = record->container,
		.state = record->state,
		.created_s = container_time(record->container->created),
		.started_s = container_time(record->state->started),
		.finished_s = container_time(record->state->finished),
	};
	add_ports(record, &entry);
	if (request->size)
		entry.has_size = container_size(record, &entry.size_rw, &entry.size_root) == 0;
	r = request->show(request->context, &entry, &shown, err);
	if (r == 0)
		add(list, record->container, shown);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct timespec *one = &((const struct place *)a)->created, *other = &((const struct place *)b)->created;

	if (one->tv_sec != other->tv_sec)
		return one->tv_sec < other->tv_sec ? 1 : -1;
	return one->tv_nsec < other->tv_nsec ? 1 : one->tv_nsec > other->tv_nsec ? -1 : 0;
}

static void finish(struct arena *arena, struct list *list, const char ***ret, size_t *ret_count)
{
	int64_t last = list->request->last;

	if (list->count)
		qsort(list->places, list->count, sizeof *list->places, compare);
	*ret = arena_alloc(arena, list->count, sizeof **ret);
	for (size_t i = 0; i < list->count; i++)
		(*ret)[i] = list->places[i].shown;
	*ret_count = last > 0 && (size_t)last < list->count ? (size_t)last : list->count;
}

int container_list(struct arena *arena, const struct container_list_request *request, const char ***ret, size_t *ret_count, struct error *err)
{
	_cleanup_container_filter_ struct container_filter filter = container_filter_begin(arena, request->directories);
	struct list list = { .request = request, .filter = &filter };
	int r = 0;

	for (char **text = request->filters; r == 0 && text && *text; text++)
		r = container_filter_add(&filter, *text, err);
	if (r == 0)
		r = container_record_survey(request->directories, request->cache, list_one, &list, err);
	if (r == 0)
		finish(arena, &list, ret, ret_count);
	/* What somebody has flushed comes back with the next look at the containers; who may not do that only looks. */
	if (r == 0 && list.has_members)
		ignore_result(networks_ensure_firewall(request->directories, NULL));
	free(list.places);
	return r;
}
