/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/membership.h"

#include "base/log.h"
#include "host/syscalls.h"
#include "net/attachment.h"
#include "net/idle.h"
#include "net/journal.h"

#include <unistd.h>

int membership_read(struct maker *maker, struct arena *arena, const struct spec_network_plan **ret, struct error *err)
{
	int r = net_journal_read(arena, maker->bundle_fd, ".", ret, err);

	return r < 0 ? error_wrap(err, "the container '%s'", maker->name) : 0;
}

int membership_attach(void *context, int netns_fd, struct error *err)
{
	return net_attach(context, netns_fd, err);
}

static void log_ignored(const struct error *err)
{
	log_warning("%s, ignoring", err->message);
}

void membership_remember(struct maker *maker)
{
	struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;

	if (membership_read(maker, arena, &plan, &err) < 0)
		log_ignored(&err);
	arena_free(plan ? maker->last_arena : arena);
	if (plan) {
		maker->last_arena = arena;
		maker->last_plan = plan;
	}
}

void membership_detach(struct maker *maker)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;
	int r = membership_read(maker, arena, &plan, &err);

	if (r == 0 && plan)
		r = net_detach(plan, &err);
	if (r < 0)
		log_ignored(&err);
}

static int release_all(struct maker *maker, const struct spec_network_plan *plan, struct error *err)
{
	int r = net_retire(plan, &maker->retired, err);

	return r < 0 ? r : net_journal_remove(maker->bundle_fd, ".", err);
}

void membership_release(struct maker *maker, bool links_only)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;
	int r = links_only ? 0 : membership_read(maker, arena, &plan, &err);

	if (links_only && !maker->last_plan)
		membership_remember(maker);
	if (r == 0 && plan)
		r = release_all(maker, plan, &err);
	else if (r == 0 && maker->last_plan) /* somebody has released the rest already, or does */
		r = net_retire_links(maker->last_plan, &maker->retired, &err);
	if (r < 0)
		log_ignored(&err);
}

void membership_finish(struct maker *maker)
{
	struct error err = ERROR_INIT;

	if (net_retired_remove(&maker->retired, &err) < 0)
		log_ignored(&err);
	arena_free(maker->last_arena);
	maker->last_arena = NULL;
	maker->last_plan = NULL;
}

/* Has nothing of ours but its memory, least of all the lock and the mounts of the container. */
static _Noreturn void wait_apart(const char *networks)
{
	ignore_result(sys_close_range(3, ~0U, 0)); /* on older kernels it keeps what it has, for a second */
	net_idle_wait_all(networks);
	_exit(0);
}

void membership_leave(struct maker *maker)
{
	_cleanup_free_ char *networks = str_printf("%s/../networks", maker->runtime.root);

	/* Without a child the end of the next container sees to it. */
	if (net_idle_is_any_due(networks) && fork() == 0)
		wait_apart(networks);
}
