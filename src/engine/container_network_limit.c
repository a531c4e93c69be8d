/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another --net-limit of a container, all or nothing.
 *
 *      step                        undo
 *   1. the record says so          it says what it said
 *   2. the plan, if it runs        it is what it was
 *   3. its links                   theirs are what the plan was
 */
#include "base/log.h"
#include "engine/container_event.h"
#include "engine/container_network_plan.h"
#include "engine/home.h"
#include "net/link_limit.h"
#include "spec/net_limit.h"

/* PLAN's links with LIMIT, in the arena. */
static struct spec_network_plan *limited(struct arena *arena, const struct spec_network_plan *plan, const struct spec_net_limit *limit)
{
	struct spec_network_plan *copy = arena_alloc(arena, 1, sizeof *copy);

	*copy = *plan;
	copy->links = arena_alloc(arena, plan->link_count + 1, sizeof *copy->links);
	for (size_t i = 0; i < plan->link_count; i++) {
		copy->links[i] = plan->links[i];
		copy->links[i].receive_bps = limit->down_bps;
		copy->links[i].transmit_bps = limit->up_bps;
		copy->links[i].priority = limit->priority;
	}
	return copy;
}

/* A link that is not there is that of a process that has ended: the next one's is made as the plan says. */
static int change_links(const struct spec_network_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->link_count; i++) {
		struct error told = ERROR_INIT;

		if (net_link_limit_change(&plan->links[i], &told) == 0 || told.kind == ERROR_NOT_FOUND)
			continue;
		if (err)
			*err = told;
		return -EINVAL;
	}
	return 0;
}

static int replace_plan_there(const struct container_record *record, const struct spec_network_plan *plan, const struct spec_network_plan *old,
	struct error *err)
{
	struct error later = ERROR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->link_count; i++)
		r = net_link_limit_check(&plan->links[i], err);
	if (r == 0 && plan->link_count && plan->links[0].priority)
		r = networks_ensure_firewall(record->directories, err);
	if (r == 0)
		r = container_network_write(record, plan, err);
	if (r < 0)
		return r;
	r = change_links(plan, err);
	if (r < 0 && (container_network_write(record, old, &later) < 0 || change_links(old, &later) < 0))
		log_warning("%s, ignoring", later.message);
	return r;
}

struct replace_plan_there_call {
	const struct container_record *record;
	const struct spec_network_plan *plan;
	const struct spec_network_plan *old;
	struct error *err;
};

static int call_replace_plan_there(void *context)
{
	const struct replace_plan_there_call *call = context;

	return replace_plan_there(call->record, call->plan, call->old, call->err);
}

static int replace_plan(const struct container_record *record, const struct spec_network_plan *plan, const struct spec_network_plan *old,
	struct error *err)
{
	struct replace_plan_there_call call = { record, plan, old, err };

	return home_call(call_replace_plan_there, &call, err);
}

static int change_limit(struct container_record *record, char *text, const struct spec_net_limit *limit, struct error *err)
{
	struct spec_host_config *host = &record->container->host;
	const struct spec_network_plan *plan = NULL;
	char *old = host->net_limit;
	int r;

	if (!container_network_is_member(host))
		return error_set(err, ERROR_INVALID, 0, "it has no network of its own that could be limited");
	host->net_limit = limit->down_bps || limit->up_bps || limit->priority ? text : NULL;
	r = container_record_save(record, err);
	if (r < 0)
		return r;
	if (record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED)
		r = container_network_read(record->arena, record, &plan, err);
	if (r == 0 && plan)
		r = replace_plan(record, limited(record->arena, plan, limit), plan, err);
	if (r < 0) {
		host->net_limit = old;
		ignore_result(container_record_save(record, NULL)); /* the first failure is told; a next start tells this one again */
	}
	return r;
}

int container_network_limit(const struct directories *directories, const char *container, const char *text, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct spec_net_limit limit;
	int r = spec_net_limit_parse(text, &limit, err);

	if (r == 0)
		r = container_record_open(arena, directories, container, &record, err);
	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	r = change_limit(&record, arena_strdup(arena, text), &limit, err);
	if (r < 0)
		return error_wrap(err, "cannot limit the network of the container '%s'", record.container->name);
	container_event_add(directories, record.container, "update", NULL, 0);
	return 0;
}
